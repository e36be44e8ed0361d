import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll } from 'vitest';
import { injectorRuntime } from '../../../scripts/images/injectorRuntime.ts';
import { issueMaterial, servingNames, webhookHost, type CertificateMaterial } from '../../../src/certificates/index.ts';
import { patienceMs } from '../patience.ts';
import { makeMount, type Mount } from './mount.ts';

export const host = webhookHost('injector', 'tools');
export const annotation = 'packet-capture/inject';

/** With a CA of its own each time. */
export async function newCertificates(
  changed: Partial<Parameters<typeof issueMaterial>[0]> = {},
): Promise<CertificateMaterial> {
  return issueMaterial({ dnsNames: servingNames('injector', 'tools'), now: new Date(), ...changed });
}

export function secretOf({ certificate, key, caBundle }: CertificateMaterial): Record<string, string> {
  return { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': caBundle };
}

/** What is mounted into an injector. */
export interface Mounts {
  readonly config: Mount;
  readonly certificates: Mount;
}

export async function makeMounts(material: CertificateMaterial, sidecarConfig = 'agent: {}\n'): Promise<Mounts> {
  const [config, certificates] = await Promise.all([
    makeMount({ 'sidecarconfig.yaml': sidecarConfig }),
    makeMount(secretOf(material)),
  ]);
  return { config, certificates };
}

export type LogEvent = Readonly<Record<string, unknown>> & { readonly event: string };

export interface RunningInjector {
  readonly process: ChildProcess;
  readonly port: number;
  readonly metricsPort: number;
  /** What it has logged by now. */
  readonly events: readonly LogEvent[];
  /** Waits for the `count`-th event of a kind. */
  readonly event: (name: string, count?: number) => Promise<LogEvent>;
  /** Sends SIGTERM and waits; the exit code. */
  readonly stop: () => Promise<number | null>;
}

const children: ChildProcess[] = [];
// Those of tests that failed.
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

const source = join(import.meta.dirname, '../../../src/cli/injector.ts');

/**
 * Starts the program as the image does, on free ports of the loopback device.
 * @param enter what to put before its arguments
 */
export async function startInjector(
  { config, certificates }: Mounts,
  flags: readonly string[] = [],
  program = source,
  enter: readonly string[] = [],
): Promise<RunningInjector> {
  const files = ['--config', join(config.folder, 'sidecarconfig.yaml'), '--certificates', certificates.folder];
  const args = [
    program,
    'serve',
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--metrics-port',
    '0',
    ...files,
    '--drain',
    '0s',
    '--poll',
    '1s',
    ...flags,
  ];
  const runtime = await injectorRuntime();
  const [command = '', ...rest] = [...enter, process.execPath, ...runtime.flags, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...runtime.env } });
  children.push(child);
  const events: LogEvent[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => events.push(JSON.parse(line) as LogEvent));
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const event = async (name: string, count = 1): Promise<LogEvent> => {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const found = events.filter((row) => row.event === name)[count - 1];
      if (found !== undefined) return found;
      if (child.exitCode !== null || performance.now() > deadline)
        throw new Error(`no event "${name}", only ${JSON.stringify(events)}`);
      await sleep(10);
    }
  };
  const started = await event('started');
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    const [code] = await exited;
    return code;
  };
  return {
    process: child,
    port: Number(started['port']),
    metricsPort: Number(started['metricsPort']),
    events,
    event,
    stop,
  };
}
