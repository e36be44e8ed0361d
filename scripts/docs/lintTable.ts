import { lintFindings } from '../audit/lintFindings.ts';
import { code, markdownTable } from './markdownTable.ts';

/** What kube-score finds in the chart, and why it stays (docs/audit.md). */
export function lintMarkdown(): string {
  return markdownTable(
    ['check', 'where', 'says', 'only with', 'why it stays'],
    lintFindings.map(({ check, kinds, says, why, values }) => [
      code(check),
      kinds.join(', '),
      says,
      values === undefined ? '' : code(values),
      why,
    ]),
  );
}
