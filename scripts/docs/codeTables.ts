import { errorTable } from '../../src/errors.ts';
import { manifestSkipReasons } from '../../src/ways/manifest/index.ts';
import { policySkips } from '../../src/ways/policy/matching.ts';
import { injectedTexts, skippedTexts, warningsFor, type SkippedReason } from '../../src/ways/webhook/reviewReasons.ts';
import { code, markdownTable } from './markdownTable.ts';

/** Every error code (docs/errors.md). */
export function errorsMarkdown(): string {
  const rows = Object.entries(errorTable).map(([name, { exit, hint }]) => [code(name), String(exit), hint]);
  return markdownTable(['code', 'exit code', 'what to do, when the message names nothing better'], rows);
}

/** Every reason why a workload is left alone (docs/errors.md). */
export function skipsMarkdown(reasons: Readonly<Record<string, string>> = manifestSkipReasons): string {
  const rows = Object.entries(reasons).map(([reason, sentence]) => [code(reason), sentence]);
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
