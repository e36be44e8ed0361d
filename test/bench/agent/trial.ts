import { startCapture, type Program, type Site } from './captures.ts';
import type { Attempt } from './search.ts';
import { countStored } from './stored.ts';
import type { Kind, Traffic } from './traffic.ts';

export interface Trial extends Attempt {
  /** CPU of the program, of all its processes, in seconds for a million packets. */
  readonly cpuPerMillion: number;
}

/** The kernel holds packets back for up to a second (libpcap's timeout in tcpdump), and the program still has to read them. */
const settleMs = 1300;

/** Starts the program, limits its CPU while the packets are sent, ends it, and looks for them in its files. */
export async function runTrial(program: Program, site: Site, traffic: Traffic, kind: Kind, perSecond: number, seconds: number, cores: number | undefined): Promise<Trial> {
  const capture = await startCapture(program, site);
  try {
    const before = await site.group.seconds();
    await site.group.limit(cores);
    const { sent, seconds: took } = await traffic.send(kind, perSecond, seconds);
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const used = (await site.group.seconds()) - before;
    await site.group.limit(undefined);
    const { packets, share } = await countStored(await capture.stop(), kind, sent);
    return { perSecond: sent / took, stored: share, cpuPerMillion: (used / packets) * 1e6 };
  } finally {
    await site.group.limit(undefined);
    await capture.remove();
  }
}
