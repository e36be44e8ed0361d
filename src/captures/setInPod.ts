import { codedError, isCodedError } from '../errors.ts';
import type { Kubectl } from '../kubernetes/kubectl.ts';
import { plainText } from '../plainText.ts';
import { parseDuration } from '../settings/index.ts';
import { fieldsOf, parseJson, textOf } from '../typed.ts';
import { agentCommand, askAgent } from './agentCommand.ts';
import type { AgentStatus } from './agentStatus.ts';
import type { CapturedPod } from './findPods.ts';

/** What an attached agent is told besides its settings; an absent member stays as it is. */
export interface AgentOrders {
  /** A duration: the agent ends so long after now. */
  readonly ttl?: string | undefined;
  /** The same, unless it ends later already. */
  readonly leastTtl?: string | undefined;
  /** Who asks, and what for: for the files' comment. */
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
}

/** Bytes of the answer: the settings in force, of which the filter may have 16,384 characters. */
const mostAnswerBytes = 1024 * 1024;

/**
 * Tells an attached agent, which sees no annotations, what to do: by standard input, because anybody on the node may
 * read arguments.
 * @param settings by name; null goes back to the default
 * @throws CAPTURE_UNCONFIRMED with the agent's words when it refuses; AGENT_TOO_OLD, AGENT_ENDED, and as outputInPod
 */
export async function setInPod(
  kubectl: Kubectl,
  pod: Pick<CapturedPod, 'namespace' | 'name' | 'container'>,
  settings: Readonly<Record<string, string | null>>,
  orders: Omit<AgentOrders, 'leastTtl'> = {},
): Promise<void> {
  const input = `${JSON.stringify({ ...settings, ...orders })}\n`;
  try {
    await askAgent(kubectl, pod, agentCommand('set'), { maxBytes: mostAnswerBytes, input });
  } catch (error) {
    const words = isCodedError(error) ? refusalOf(error.message) : undefined;
    if (words === undefined) throw error;
    throw codedError('CAPTURE_UNCONFIRMED', words, {
      where: `pod/${pod.name} in namespace ${pod.namespace}`,
      cause: error,
    });
  }
}

/** The orders for an agent with this status. Pure. */
export function dueOrders(
  { leastTtl, ...orders }: AgentOrders = {},
  status: Pick<AgentStatus, 'attached'> | undefined,
  now: Date,
): Omit<AgentOrders, 'leastTtl'> {
  if (leastTtl === undefined) return orders;
  const wanted = now.getTime() + (parseDuration(leastTtl) ?? 0) * 1000;
  return Date.parse(status?.attached?.until ?? '') >= wanted ? orders : { ttl: leastTtl, ...orders };
}

/** The reason in a line `{"code":"DISK_FULL","reason":"…"}` of the agent's; undefined without one. Pure. */
export function refusalOf(said: string): string | undefined {
  const line = said.split('\n').find((text) => text.startsWith('{'));
  const reason = textOf(fieldsOf(parseJson(line ?? ''))['reason']);
  return reason === undefined ? undefined : plainText(reason, 300);
}
