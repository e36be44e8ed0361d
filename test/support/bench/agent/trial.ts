import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCapture, touchMemory, type Program, type Site } from './captures.ts';
import { countStored } from './stored.ts';
import type { Kind, Traffic } from './traffic.ts';

export interface Trial {
  /** The rate as it really was. */
  readonly perSecond: number;
  readonly lossFree: boolean;
  /** CPU of the program, of all its processes, in seconds for a million packets. */
  readonly cpuPerMillion: number;
  /** Anonymous memory of all its processes while packets come, in MB. */
  readonly megabytes: number;
}

export interface Load {
  readonly kind: Kind;
  readonly perSecond: number;
  readonly seconds: number;
  /** The program's CPU limit in cores, while packets are sent; undefined: none. */
  readonly cores: number | undefined;
  /** From the last packet to the end of what counts as its CPU; as long as the program needs unless told. */
  readonly settleMs?: number;
}

/** The kernel holds packets back until a timeout of libpcap's: 1 s in tcpdump. The agent waits for them itself. */
const settling = { agent: 0, tcpdump: 1250 } as const;

/** Of a packet and of its block in a file, and the answers of TCP. */
const headersBytes = 200;

/** Starts the program, limits its CPU while the packets are sent, ends it, and looks for them in its files. */
export async function runTrial(
  program: Program,
  site: Site,
  traffic: Traffic,
  { kind, perSecond, seconds, cores, settleMs = settling[program] }: Load,
): Promise<Trial> {
  site.signal.throwIfAborted();
  const capture = await startCapture(program, site);
  try {
    await touchMemory(perSecond * seconds * (kind.size + headersBytes));
    const before = await site.group.seconds();
    await site.group.limit(cores);
    const [sent, megabytes] = await Promise.all([
      traffic.send(kind, perSecond, seconds),
      memoryAfter(site, seconds * 900),
    ]);
    await site.group.limit(undefined);
    await sleep(settleMs);
    const used = (await site.group.seconds()) - before;
    const { packets, share } = await countStored(await capture.stop(), kind, sent);
    return { perSecond: sent / seconds, lossFree: share === 1, cpuPerMillion: (used / packets) * 1e6, megabytes };
  } finally {
    await site.group.limit(undefined);
    await capture.remove();
  }
}

/** What `unshare` puts around the container is not of it. */
const wrapper = 'unshare\n';

async function memoryAfter({ group }: Site, milliseconds: number): Promise<number> {
  await sleep(milliseconds);
  const each = (await group.processes()).map(async (pid) => {
    const [name, status] = await Promise.all(
      ['comm', 'status'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
    );
    return name === wrapper ? 0 : Number(/^RssAnon:\s+(\d+)/m.exec(status ?? '')?.[1] ?? 0);
  });
  return ((await Promise.all(each)).reduce((sum, kilobytes) => sum + kilobytes, 0) * 1024) / 1e6;
}
