import { updateResults } from '../../src/captures/updatePods.ts';
import { states } from '../../src/diagnosis/judge/verdict.ts';
import { code, markdownTable } from './markdownTable.ts';

/** The states of `why` (docs/diagnosis.md). */
export function statesMarkdown(): string {
  const rows = Object.entries(states).map(([state, { exit, meaning }]) => [code(state), meaning, String(exit)]);
  return markdownTable(['state', 'meaning', 'exit code'], rows);
}

/** The results of `start` and `stop` for a pod (docs/running.md). */
export function updateResultsMarkdown(): string {
  return markdownTable(
    ['result', 'meaning'],
    Object.entries(updateResults).map(([result, meaning]) => [code(result), meaning]),
  );
}
