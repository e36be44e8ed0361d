import { findingsTable } from '../../findings.ts';
import { findingKinds } from '../judge/checkFindings.ts';
import { reasons } from '../judge/whyReasons.ts';

/** The table of findings in docs/diagnosis.md. */
export function findingsMarkdown(): string {
  return findingsTable(findingKinds);
}

/** The table of reasons in docs/diagnosis.md. */
export function reasonsMarkdown(): string {
  const rows = Object.entries(reasons).map(([code, { level, text }]) => `| \`${code}\` | ${level} | ${text} |`);
  return ['| reason | level | the pod is without the sidecar because |', '| --- | --- | --- |', ...rows].join('\n');
}
