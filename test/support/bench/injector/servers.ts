import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { webhookHost } from '../../../../src/certificates/index.ts';

/** The name in the servers' certificate. */
export const host = webhookHost('injector', 'bench');
export const path = '/inject/privileged';

/** How a server is started. */
export interface ServerCommand {
  /** Behind `node`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface RunningServer {
  readonly pid: number;
  readonly port: number;
  /** Where the injector tells its metrics; the bare server has none. */
  readonly metricsPort: number | undefined;
}

/** Starts a server that says its port in its first line; its log goes through a pipe, as in a container. */
export async function startServer({ args, env }: ServerCommand, children: ChildProcess[]): Promise<RunningServer> {
  const reader = spawn('sh', ['-c', 'head -n 1; exec cat >/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', reader.stdin, 'inherit'],
    env: { ...process.env, ...env },
  });
  children.push(child, reader);
  const [line] = (await once(createInterface({ input: reader.stdout }), 'line')) as [string];
  const { port, metricsPort } = JSON.parse(line) as { port: number; metricsPort?: number };
  return { pid: child.pid ?? 0, port, metricsPort };
}

export interface Memory {
  readonly resident: number;
  /** Without the pages of Node itself, which the processes of a machine share. */
  readonly anonymous: number;
}

/** Reads the metrics, as a Prometheus does: that loads what makes them. */
export async function scrape({ metricsPort }: RunningServer): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
  if (!(await answer.text()).includes('packet_capture')) throw new Error('the injector tells no metrics');
}

/** In MB. */
export async function memoryOf({ pid }: RunningServer): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const megabytes = (field: string): number =>
    (Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { resident: megabytes('VmRSS'), anonymous: megabytes('RssAnon') };
}

/** Sends one review over a connection of its own; the answer's text. */
export async function ask(port: number, ca: Buffer, review: string): Promise<string> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(review) };
  const outgoing = request({
    host: '127.0.0.1',
    port,
    servername: host,
    ca,
    method: 'POST',
    path,
    headers,
    agent: false,
  });
  outgoing.end(review);
  const [response] = (await once(outgoing, 'response')) as [AsyncIterable<Buffer>];
  let text = '';
  for await (const chunk of response) text += chunk.toString();
  return text;
}
