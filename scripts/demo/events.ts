import type { Target } from './target.ts';

/** A line of the capture agent's log; docs/agent.md has them all. */
export interface AgentEvent {
  readonly time: string;
  readonly event: string;
  readonly file?: string;
  readonly packets?: number;
  readonly bytes?: number;
  readonly dropped?: number;
}

export async function readEvents(target: Target, namespace: string, pod: string): Promise<AgentEvent[]> {
  const log = await target.kubectl(['logs', '-n', namespace, pod, '-c', 'packet-capture']);
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AgentEvent);
}

/**
 * Waits until the log has `count` events of this kind.
 * @throws when that takes longer than `seconds`
 */
export async function waitForEvent(
  target: Target,
  namespace: string,
  pod: string,
  event: string,
  count: number,
  seconds: number,
): Promise<AgentEvent[]> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const events = await readEvents(target, namespace, pod);
    if (events.filter((row) => row.event === event).length >= count) return events;
    if (performance.now() > deadline) {
      throw new Error(
        `pod ${pod} did not log "${event}" within ${seconds} s; its log:\n${events.map((row) => JSON.stringify(row)).join('\n')}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
