import { findingKinds as certificateFindings } from '../../src/certificates/certificateFindings.ts';
import { findingKinds as checkFindings, reasons } from '../../src/diagnosis/index.ts';
import { errorTable, exitCodes } from '../../src/errors.ts';
import type { FindingKind } from '../../src/findings.ts';
import { findingKinds as preflightFindings } from '../../src/release/plan/preflightFindings.ts';
import { manifestSkipReasons } from '../../src/ways/manifest/index.ts';
import { policySkips } from '../../src/ways/policy/matching.ts';
import { injectedTexts, skippedTexts, warningsFor, type SkippedReason } from '../../src/ways/webhook/reviewReasons.ts';
import { code, markdownTable } from './markdownTable.ts';

/** The exit codes of every command (docs/kubectl.md). */
export function exitCodesMarkdown(): string {
  return markdownTable(['code', 'meaning'], Object.entries(exitCodes));
}

/** Every error code (docs/errors.md). */
export function errorsMarkdown(): string {
  const rows = Object.entries(errorTable).map(([name, { exit, hint }]) => [code(name), String(exit), hint]);
  return markdownTable(['code', 'exit code', 'what to do, when the message names nothing better'], rows);
}

/** Every reason why a workload is left alone (docs/errors.md). */
export function skipsMarkdown(skips: Readonly<Record<string, string>> = manifestSkipReasons): string {
  const rows = Object.entries(skips).map(([reason, sentence]) => [code(reason), sentence]);
  return markdownTable(['code', 'the pod or workload is skipped, because'], rows);
}

/** Every reason in the injector's metrics and log (docs/injector.md). */
export function reviewReasonsMarkdown(): string {
  const skipped = Object.entries(skippedTexts) as (readonly [SkippedReason, string])[];
  return markdownTable(
    ['reason', 'decision', 'because'],
    [
      ...Object.entries(injectedTexts).map(([reason, text]) => [code(reason), 'injected', text]),
      ...skipped.map(([reason, text]) => [
        code(reason),
        warningsFor(reason).length > 0 ? 'skipped, warning' : 'skipped',
        text,
      ]),
    ],
  );
}

/** Every condition of the policy that leaves a pod alone, in the order of the policy (docs/policy.md). */
export function policyReasonsMarkdown(): string {
  return markdownTable(
    ['reason', 'the pod is left alone, because'],
    policySkips().map(({ name, text }) => [code(name), text]),
  );
}

/** The findings of `check`, of the preflight and of `certs inspect`, by their documents. */
export const findingsMarkdown = {
  'docs/diagnosis.md': findingsTable(checkFindings),
  'docs/install.md': findingsTable(preflightFindings),
  'docs/certificates.md': findingsTable(certificateFindings),
} as const;

function findingsTable(kinds: Readonly<Record<string, FindingKind>>): string {
  const rows = Object.entries(kinds).map(([name, { level, meaning, hint }]) => [
    code(name),
    level,
    hint === '' ? meaning : `${meaning}. ${hint}`,
  ]);
  return markdownTable(['code', 'level', 'meaning, and what to do'], rows);
}

/** The reasons of `why` (docs/diagnosis.md). */
export function whyReasonsMarkdown(): string {
  const rows = Object.entries(reasons).map(([reason, { level, text }]) => [code(reason), level, text]);
  return markdownTable(['reason', 'level', 'the pod is without the sidecar because'], rows);
}
