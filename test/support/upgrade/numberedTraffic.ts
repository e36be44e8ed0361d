import { expect } from 'vitest';
import { until } from '../agent/until.ts';
import { agentEvent, captureFolder, podField } from '../cluster/clusterFixture.ts';
import { gaps, keepAll, readNumbered, startSender } from '../cluster/sequence.ts';

const perSecond = 200;
/** Packets of one order: half a second of them. */
const batch = 100;

/** Numbered packets that flow to a pod, and all of its capture files. */
export interface NumberedTraffic {
  readonly pod: string;
  /** Ends the flow, waits until the agent has written the last packet, and fails if one is missing. Their count. */
  readonly expectAll: () => Promise<number>;
  /** Ends the flow without a look at it. */
  readonly end: () => void;
}

/** Sends numbered packets to a pod from now on: its agent captures already. */
export async function startTraffic(namespace: string, pod: string): Promise<NumberedTraffic> {
  await agentEvent(namespace, pod, 'started');
  const keeper = await keepAll(await captureFolder(namespace, pod));
  const address = await podField(namespace, pod, '.status.podIP');
  const sender = startSender();
  const done = new AbortController();
  let sent = 0;
  const sending = (async () => {
    for (; !done.signal.aborted; sent += batch)
      await sender.send({ address, count: batch, first: sent, size: 100, perSecond });
  })();
  // Whoever ends the flow hears of its failure.
  sending.catch(() => undefined);
  const expectAll = async (): Promise<number> => {
    done.abort();
    await sending;
    sender.close();
    const files = await until(`all ${sent} packets of ${pod}`, async () => {
      const paths = await keeper.stop();
      return (await readNumbered(paths)).length >= sent ? paths : undefined;
    }).catch(async () => keeper.stop());
    const packets = await readNumbered(files);
    expect({ missing: gaps(packets), written: packets.length }, pod).toEqual({ missing: [], written: sent });
    return sent;
  };
  const end = (): void => {
    done.abort();
    sender.close();
  };
  return { pod, expectAll, end };
}
