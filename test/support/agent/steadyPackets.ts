import type { Network } from './network.ts';

/**
 * Sends numbered packets into the pod, at a steady pace, until it is told to stop.
 * @param size bytes of payload
 * @returns what ends it, and gives how many were sent then
 */
export function sendSteadily(network: Network, perSecond: number, size = 100): () => Promise<number> {
  const over = new AbortController();
  const sending = (async () => {
    let sent = 0;
    // A second's worth at a time.
    for (; !over.signal.aborted; sent += perSecond)
      await network.send({ count: perSecond, first: sent, perSecond, size });
    return sent;
  })();
  return async () => {
    over.abort();
    return sending;
  };
}
