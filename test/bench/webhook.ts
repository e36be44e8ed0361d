import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { issueMaterial, servingNames, webhookHost } from '../../src/certificates/index.ts';
import { run } from '../../scripts/cluster/command.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { bundle } from '../../scripts/images/bundle.ts';
import { ensureInjectorImage } from '../../scripts/images/images.ts';
import { nodeBaseImage } from '../../scripts/images/nodeBase.ts';
import { compressedBytes } from './compressedBytes.ts';
import { median, type Figure } from './figure.ts';
import type { LoadRequest, LoadResult } from './webhook/load.ts';
import { largeReview } from './webhook/review.ts';

const host = webhookHost('injector', 'bench');
const rounds = 5;
const seconds = 3;
/** As in the image. */
const heapFlags = ['--max-semi-space-size=4'];

/**
 * What the injector can answer, and its memory, beside an HTTPS server on Node that answers any request with the same
 * bytes: both in turn, from one load generator, a process of its own.
 */
export async function benchWebhook(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-bench-'));
  const children: ChildProcess[] = [];
  try {
    const { caBundle, certificate, key } = await issueMaterial({ dnsNames: servingNames('injector', 'bench'), now: new Date() });
    const path = (name: string): string => join(folder, name);
    const files = { 'ca.crt': caBundle, 'tls.crt': certificate, 'tls.key': key, 'sidecarconfig.yaml': 'agent: {}\n', 'review.json': JSON.stringify(largeReview()) };
    for (const [name, text] of Object.entries(files)) await writeFile(path(name), text);
    await writeFile(path('injector.mjs'), (await bundle('src/cli/injector.ts')).code);
    const flags = ['serve', '--host', '127.0.0.1', '--port', '0', '--metrics-port', '0', '--drain', '0s', '--config', path('sidecarconfig.yaml'), '--certificates', folder];
    const injector = await start([...heapFlags, path('injector.mjs'), ...flags], children);
    const idle = await residentMegabytes(injector.pid);
    await writeFile(path('answer.json'), await answerOf(injector.port, path('ca.crt'), path('review.json')));
    const constant = await start([join(import.meta.dirname, 'webhook', 'constantServer.ts'), folder, path('answer.json')], children);

    const load = async (port: number, connections: number): Promise<LoadResult> =>
      generateLoad({ port, host, path: '/inject/privileged', ca: path('ca.crt'), body: path('review.json'), connections, seconds });
    const figures: Figure[] = [];
    for (const connections of [1, 16]) {
      stderrProgress(`measuring reviews over ${connections} connections for ${2 * (rounds + 1) * seconds} s`);
      const pairs = [];
      for (let round = 0; round <= rounds; round += 1) pairs.push({ ours: await load(injector.port, connections), bare: await load(constant.port, connections) });
      figures.push(...loadFigures(connections, pairs.slice(1)));
    }
    return [...figures, ...memoryFigures(idle, await residentMegabytes(injector.pid), await residentMegabytes(constant.pid)), await imageFigure()];
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  }
}

interface Pair {
  readonly ours: LoadResult;
  readonly bare: LoadResult;
}

function loadFigures(connections: number, pairs: readonly Pair[]): Figure[] {
  const of = (which: keyof Pair, what: keyof LoadResult): number => median(pairs.map((pair) => pair[which][what]));
  const ratio = (what: keyof LoadResult): string => median(pairs.map(({ ours, bare }) => ours[what] / bare[what])).toFixed(2);
  if (pairs.some(({ ours, bare }) => ours.failures + bare.failures > 0)) throw new Error('a request was not answered with 200');
  const over = `over ${connections} connection${connections === 1 ? '' : 's'}`;
  const milliseconds = (what: 'p50Ms' | 'p99Ms', label: string, goal: string): Figure => ({
    what: `time to an answer ${over}, ${label}`,
    measured: `${of('ours', what).toFixed(2)} ms`,
    goal,
    beside: `constant answer ${of('bare', what).toFixed(2)} ms, ratio ${ratio(what)}`,
  });
  return [
    {
      what: `reviews of 10 KB answered ${over}`,
      measured: `${of('ours', 'requestsPerSecond').toFixed(0)} a second`,
      goal: 'none',
      beside: `constant answer ${of('bare', 'requestsPerSecond').toFixed(0)}, ratio ${ratio('requestsPerSecond')}`,
    },
    milliseconds('p50Ms', 'median', 'none'),
    milliseconds('p99Ms', '99 %', connections === 1 ? 'under 5 ms' : 'none'),
  ];
}

function memoryFigures(idle: Memory, loaded: Memory, bare: Memory): Figure[] {
  const figure = (what: string, { resident, anonymous }: Memory): Figure => ({
    what: `the injector's resident memory, ${what}`,
    measured: `${resident.toFixed(0)} MB, ${anonymous.toFixed(0)} MB of it its own`,
    goal: 'under 128 MB',
    beside: `constant answer after load ${bare.resident.toFixed(0)} MB and ${bare.anonymous.toFixed(0)} MB, ratio ${(resident / bare.resident).toFixed(2)}`,
  });
  return [figure('idle', idle), figure('after load', loaded)];
}

async function imageFigure(): Promise<Figure> {
  const ours = (await compressedBytes(await ensureInjectorImage(stderrProgress))) / 1e6;
  const base = (await compressedBytes(nodeBaseImage)) / 1e6;
  return {
    what: "the injector's image, compressed",
    measured: `${ours.toFixed(1)} MB`,
    goal: 'under 50 MB',
    beside: `Debian with the same Node ${base.toFixed(1)} MB, ratio ${(ours / base).toFixed(2)}`,
  };
}

interface Started {
  readonly pid: number;
  readonly port: number;
}

/** Starts a server that says its port in its first line; its log goes through a pipe, as in a container. */
async function start(args: readonly string[], children: ChildProcess[]): Promise<Started> {
  const reader = spawn('sh', ['-c', 'head -n 1; exec cat >/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const child = spawn(process.execPath, args, { stdio: ['ignore', reader.stdin, 'inherit'] });
  children.push(child, reader);
  const [line] = (await once(createInterface({ input: reader.stdout }), 'line')) as [string];
  return { pid: child.pid ?? 0, port: (JSON.parse(line) as { port: number }).port };
}

async function generateLoad(request: LoadRequest): Promise<LoadResult> {
  const { stdout } = await run([process.execPath, join(import.meta.dirname, 'webhook', 'load.ts'), JSON.stringify(request)]);
  return JSON.parse(stdout) as LoadResult;
}

async function answerOf(port: number, ca: string, review: string): Promise<string> {
  const { request } = await import('node:https');
  const body = await readFile(review);
  const outgoing = request({ host: '127.0.0.1', port, servername: host, ca: await readFile(ca), method: 'POST', path: '/inject/privileged', agent: false });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [AsyncIterable<Buffer>];
  let text = '';
  for await (const chunk of response) text += chunk.toString();
  return text;
}

interface Memory {
  readonly resident: number;
  /** Without the program's own pages, which the pods of a node share. */
  readonly anonymous: number;
}

async function residentMegabytes(pid: number): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const megabytes = (field: string): number => (Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { resident: megabytes('VmRSS'), anonymous: megabytes('RssAnon') };
}
