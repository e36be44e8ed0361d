import type { FoundPods, PodName } from '../../captures/index.ts';
import { codedError, type CodedError } from '../../errors.ts';
import { endedHint } from '../../kubernetes/ended.ts';
import { say } from '../io/output.ts';

/** How many names a message has. */
const shown = 5;

/** None of the pods that were meant carries the sidecar. */
export function notCaptured({ where, without, ended }: Pick<FoundPods, 'where' | 'without' | 'ended'>): CodedError {
  if (ended !== undefined && without.length === 0) return codedError('NOT_CAPTURED', ended, { where, hint: endedHint });
  if (without.length === 0) {
    return codedError('NOT_CAPTURED', 'there is no living pod', {
      where,
      hint: 'Check the name, the labels and the namespace.',
    });
  }
  return codedError('NOT_CAPTURED', `no pod has the sidecar: ${names(without)}`, { where });
}

/** Names the pods that are left out, on standard error. */
export function tellWithout(without: readonly PodName[]): void {
  if (without.length > 0)
    say(`without the sidecar, and left out: ${names(without)} (\`packet-capture patch TYPE/NAME\` adds it)`);
}

function names(pods: readonly PodName[]): string {
  const first = pods.slice(0, shown).map(({ namespace, name }) => `${namespace}/${name}`);
  return pods.length > shown ? `${first.join(', ')} and ${pods.length - shown} more` : first.join(', ');
}
