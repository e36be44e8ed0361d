import type { BarePod, FoundPods, PodName } from '../../captures/index.ts';
import { codedError, type CodedError } from '../../errors.ts';
import { endedHint } from '../../kubernetes/ended.ts';
import { say } from '../io/output.ts';

/** The most names in a message. */
const shown = 5;

/** The error when no pod of the target has the sidecar. */
export function notCaptured({ where, without, ended }: Pick<FoundPods, 'where' | 'without' | 'ended'>): CodedError {
  if (ended !== undefined && without.length === 0) return codedError('NOT_CAPTURED', ended, { where, hint: endedHint });
  if (without.length === 0) {
    return codedError('NOT_CAPTURED', 'there is no living pod', {
      where,
      hint: 'Check the name, the labels and the namespace.',
    });
  }
  const over = without.some((pod) => pod.ended === true)
    ? '; an attached agent has ended, and its files went with it'
    : '';
  return codedError('NOT_CAPTURED', `no pod has the sidecar: ${names(without)}${over}`, { where });
}

/** Reports the pods that are left out. */
export function tellWithout(without: readonly BarePod[]): void {
  if (without.length > 0)
    say(
      `left out, without the sidecar: ${names(without)} (\`packet-capture patch TYPE/NAME\` adds it, \`packet-capture attach\` does without a restart)`,
    );
}

function names(pods: readonly PodName[]): string {
  const first = pods.slice(0, shown).map(({ namespace, name }) => `${namespace}/${name}`);
  return pods.length > shown ? `${first.join(', ')} and ${pods.length - shown} more` : first.join(', ');
}
