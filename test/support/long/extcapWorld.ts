import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, type ReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { run, type CommandResult } from '../../../scripts/cluster/command.ts';
import { clusterEnvironment, runInNetns } from '../../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../../scripts/cluster/machine.ts';
import { readInterfaces } from '../../../src/cli/extcap/contexts.ts';
import { createControlReader, encodeControl, type ControlMessage } from '../../../src/extcap/controlMessages.ts';
import { until } from '../agent/until.ts';

const node = inject('node');

/** A home folder of its own, in which `extcap install` was run: Wireshark and tshark find the launcher there. */
export interface ExtcapHome {
  readonly folder: string;
  readonly launcher: string;
  /** The interface of the node's context. */
  readonly interface: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Runs a program with this home, where it can reach the node. */
  readonly run: (argv: readonly string[], env?: Readonly<Record<string, string>>) => Promise<CommandResult>;
  /** The same, for a program that goes on. */
  readonly start: (argv: readonly string[], env?: Readonly<Record<string, string>>) => ChildProcess;
  readonly remove: () => Promise<void>;
}

export async function createExtcapHome(): Promise<ExtcapHome> {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-extcap-'));
  const environment = {
    ...(await clusterEnvironment(node)),
    HOME: folder,
    XDG_CONFIG_HOME: '',
    XDG_CACHE_HOME: '',
    XDG_RUNTIME_DIR: folder,
    TMPDIR: folder,
  };
  const runHere: ExtcapHome['run'] = async (argv, env) => runInNetns(node, argv, { env: { ...environment, ...env } });
  const { stderr } = await runHere([process.execPath, 'bin/packet-capture.js', 'extcap', 'install']);
  process.env['KUBECONFIG'] = node.kubeconfig;
  const [found] = await readInterfaces();
  if (found === undefined) throw new Error(`no context: ${stderr}`);
  return {
    folder,
    launcher: join(folder, '.config/wireshark/extcap/packet-capture'),
    interface: found.value,
    environment,
    run: runHere,
    start: (argv, env) => {
      const [program = '', ...args] = inNetns(node.netns, argv);
      return spawn(program, args, {
        env: { ...process.env, ...environment, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    },
    remove: async () => rm(folder, { recursive: true, force: true }),
  };
}

/** A capture that is driven as Wireshark drives it: by its pipes. */
export interface DrivenCapture {
  /** What the toolbar was sent until now. */
  readonly messages: readonly ControlMessage[];
  readonly send: (message: ControlMessage) => void;
  /** Resolves when a message is there. */
  readonly told: (what: string, holds: (message: ControlMessage) => boolean) => Promise<ControlMessage>;
  /** Ends it as Wireshark does. @returns its standard error and exit code */
  readonly stop: () => Promise<{ readonly stderr: string; readonly code: number | null }>;
}

/** @param file takes the packets */
export async function driveCapture(home: ExtcapHome, args: readonly string[], file: string): Promise<DrivenCapture> {
  const folder = await mkdtemp(join(home.folder, 'pipes-'));
  const [fifo, input, output] = ['fifo', 'in', 'out'].map((name) => join(folder, name)) as [string, string, string];
  await run(['mkfifo', fifo, input, output]);
  const pipes = ['--fifo', fifo, '--extcap-control-in', input, '--extcap-control-out', output];
  const child = home.start([home.launcher, '--capture', '--extcap-interface', home.interface, ...pipes, ...args]);
  const ended = once(child, 'close') as Promise<[number | null]>;
  let stderr = '';
  child.stderr?.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  const packets: ReadStream = createReadStream(fifo);
  packets.pipe(createWriteStream(file));
  const messages: ControlMessage[] = [];
  const read = createControlReader();
  const controls = createReadStream(output);
  controls.on('data', (bytes) => messages.push(...read(bytes as Buffer)));
  const toCapture = createWriteStream(input);
  return {
    messages,
    send: (message) => void toCapture.write(encodeControl(message)),
    told: async (what, holds) => {
      await until(what, async () => messages.some(holds) || child.exitCode !== null, { milliseconds: 90_000 });
      const found = messages.find(holds);
      if (found === undefined) throw new Error(`${what}: it has ended: ${stderr}\n${JSON.stringify(messages)}`);
      return found;
    },
    stop: async () => {
      child.kill('SIGTERM');
      const [code] = await ended;
      for (const stream of [controls, toCapture, packets]) stream.destroy();
      return { stderr, code };
    },
  };
}
