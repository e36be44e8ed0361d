import { rethrowUnlessRecoverable } from '../errors.ts';
import type { Kubectl } from '../kubernetes/kubectl.ts';
import { agentCommand, askAgent } from './agentCommand.ts';
import type { Asked, NoAnswer } from './agentStatus.ts';
import { notRunning, type CapturedPod } from './findPods.ts';
import { mostStatusBytes, parseAgentStatus } from './parseAgentStatus.ts';

/**
 * Asks the agent in a pod. A pod that does not answer is not an error, because others may answer.
 * @throws INTERRUPTED, KUBECTL_MISSING
 */
export async function readAgentStatus(kubectl: Kubectl, pod: CapturedPod): Promise<Asked> {
  if (!pod.ready) return { problem: notRunning(pod) };
  return askPod(async () =>
    parseAgentStatus(await askAgent(kubectl, pod, agentCommand('status'), { maxBytes: mostStatusBytes })),
  );
}

/** The output of a command in a pod, or its error in a few words. @throws INTERRUPTED, KUBECTL_MISSING */
export async function askPod<T extends object>(ask: () => Promise<T>): Promise<T | NoAnswer> {
  try {
    return await ask();
  } catch (error) {
    rethrowUnlessRecoverable(error);
    const problem = problemText(error.message);
    const otherVersion = error.code === 'AGENT_TOO_OLD' || error.code === 'PROGRAM_TOO_OLD';
    return otherVersion ? { problem, otherVersion } : { problem };
  }
}

function problemText(message: string): string {
  if (/there is no status: /.test(message)) return 'its agent is starting and has no status yet';
  return message.replace(/^command terminated with exit code \d+\n?/m, '').trim() || message;
}
