import { findingKinds } from './findings.ts';
import { reasons } from './reasons.ts';

/** The table of findings in docs/diagnosis.md. */
export function findingsMarkdown(): string {
  const rows = Object.entries(findingKinds).map(([code, { level, meaning, hint }]) => `| \`${code}\` | ${level} | ${meaning}${hint === '' ? '' : `. ${hint}`} |`);
  return ['| code | level | meaning, and what to do |', '| --- | --- | --- |', ...rows].join('\n');
}

/** The table of reasons in docs/diagnosis.md. */
export function reasonsMarkdown(): string {
  const rows = Object.entries(reasons).map(([code, { level, text }]) => `| \`${code}\` | ${level} | ${text} |`);
  return ['| reason | level | the pod is without the sidecar because |', '| --- | --- | --- |', ...rows].join('\n');
}
