import { codedError } from '../../errors.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { formatTime } from '../../time.ts';
import { agentCommand, askAgent } from '../agentCommand.ts';
import type { KeptWindow } from '../agentStatus.ts';
import type { CapturedPod } from '../findPods.ts';
import { parseKeepNote } from '../parseAgentStatus.ts';
import type { KeepWindow } from './keepValue.ts';

/** Bytes of keep.json: it has some hundred for each file. */
const mostNoteBytes = 1024 * 1024;

/**
 * Has an agent keep the files of a window by a command in its container, which answers with keep.json.
 * @throws AGENT_TOO_OLD; CAPTURE_UNCONFIRMED for another answer; and as outputInPod
 */
export async function keepByCommand(
  { kubectl, reason, by }: { readonly kubectl: Kubectl; readonly reason: string; readonly by: string | undefined },
  pod: Pick<CapturedPod, 'namespace' | 'name' | 'container'>,
  { from, to }: KeepWindow,
): Promise<KeptWindow> {
  const input = `${JSON.stringify({ from: formatTime(from), to: formatTime(to), reason, ...(by === undefined ? {} : { by }) })}\n`;
  const text = await askAgent(kubectl, pod, agentCommand('keep'), { maxBytes: mostNoteBytes, input });
  const note = parseKeepNote(text);
  if (note === undefined) throw codedError('CAPTURE_UNCONFIRMED', 'its answer is not a keep.json');
  return note;
}
