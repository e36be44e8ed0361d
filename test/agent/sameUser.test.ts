import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { capture } from '../../scripts/cluster/command.ts';
import { captureCommand } from '../../src/captures/stream/podCapture.ts';
import { agentUser } from '../../src/sidecar/index.ts';
import { credentials, writeSecret } from '../support/agent/bucket.ts';
import { startInContainer } from '../support/agent/containerCommand.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { childrenOf } from '../support/agent/processTree.ts';
import { until } from '../support/agent/until.ts';

const { folder, network, start } = useAgents();
const program = '/usr/bin/packet-capture-agent';

/**
 * What a container can do to a process of another container in a shared process namespace: read it, trace it (which
 * needs the same rights as reading its memory), open the other's files through it, send it signals. One word for each
 * that works.
 */
const attempts = `
for pid in "$@"; do
  can=""
  (: < /proc/$pid/mem) 2>/dev/null && can=" mem"
  for file in environ maps auxv syscall stack; do dd if=/proc/$pid/$file bs=1 count=1 of=/dev/null 2>/dev/null && can="$can $file"; done
  for link in root cwd exe; do readlink /proc/$pid/$link >/dev/null && can="$can $link"; done
  for folder in fd map_files root/captures root/captures/kept root/captures/.agent root/etc/packet-capture; do ls /proc/$pid/$folder/ >/dev/null 2>&1 && can="$can $folder"; done
  [ -w /proc/$pid/root/captures/kept ] && can="$can delete"
  [ -w /proc/$pid/root/captures/.agent/keep.sock ] && can="$can keep"
  kill -0 $pid 2>/dev/null && can="$can kill"
  echo "$pid$can"
done`;

/** The container of an app: its uid, and its capabilities, if any. */
async function tryAs(uid: number, capabilities: string, pids: readonly number[]): Promise<Map<number, string>> {
  const rights = [
    '--bounding-set',
    `-all${capabilities}`,
    '--inh-caps',
    `-all${capabilities}`,
    '--ambient-caps',
    `-all${capabilities}`,
  ];
  const argv = [
    'setpriv',
    '--reuid',
    String(uid),
    '--regid',
    String(uid),
    '--clear-groups',
    '--no-new-privs',
    ...rights,
    '--',
    'sh',
    '-c',
    attempts,
    'app',
    ...pids.map(String),
  ];
  const { stdout } = await capture(argv);
  return new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => [Number(line.split(' ')[0]), line.split(' ').slice(1).join(' ')]),
  );
}

/**
 * Starts a command of the agent's image in its container, like the kubelet and `kubectl exec`, and returns its process
 * when it runs.
 */
async function startCommand(
  captures: string,
  capability: string,
  ...argv: readonly string[]
): Promise<{ readonly child: ChildProcess; readonly pid: number }> {
  const container = { network: network(), captures, settings: await folder(), capability };
  const child = startInContainer(container, ...argv);
  await once(child.stdout, 'readable');
  const [pid = 0] = await childrenOf(child.pid);
  return { child, pid };
}

/** A server in the pod that accepts connections and does not answer, so that an upload does not end. */
async function silentServer(): Promise<void> {
  const code =
    "require('node:net').createServer(() => {}).listen(7071, '10.99.0.1', () => process.stdout.write('listens'))";
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...network().enterWorld, process.execPath, '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'readable');
}

describe('an app that shares the process namespace', () => {
  test('with the same uid cannot read memory, environment or files of processes of the agent, and with another uid not even signal them', async () => {
    const [captures, secret] = [await folder(), await folder()];
    await writeSecret(secret, credentials, '10.99.0.1:7071');
    await silentServer();
    const agent = await start({ captures, secret, settings: { filter: 'udp', rotate: '1s', upload: 's3:captures' } });
    const mirror = await start({
      captures,
      settings: { mirror: 'vxlan://10.99.0.1', filter: 'udp' },
      program: 'mirror',
      capability: 'net_admin',
    });
    await agent.next('started');
    await network().send({ count: 5 });
    await agent.set({ keep: '1m what others must not delete' });
    await agent.next('kept');
    await writeFile(join(captures, 'large.pcapng'), Buffer.alloc(1_000_000), { mode: 0o644 });
    const waiting = async (command: string): Promise<ChildProcess> =>
      startInContainer({ network: network(), captures, settings: await folder(), capability: '' }, program, command);
    const [setter, keeper] = [await waiting('set'), await waiting('keep')];
    const live = await startCommand(
      captures,
      'net_raw',
      ...captureCommand({ interfaces: 'eth0', snaplen: '0', filter: '' }),
    );
    // It waits for a reader of its output.
    const send = await startCommand(captures, '', program, 'send', 'large.pcapng');
    // Each waits for its input.
    const [set, keep] = await Promise.all(
      [setter, keeper].map(async (command) =>
        until('a command that waits', async () => {
          const [pid] = await childrenOf(command.pid);
          const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
          return name.startsWith('packet-capture') ? pid : undefined;
        }),
      ),
    );

    const child = (name: string): Promise<number> =>
      until(name, async () => {
        for (const pid of await childrenOf(run))
          if ((await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')) === `${name}\n`) return pid;
        return undefined;
      });
    const [run = 0] = await agent.processes();
    const rclone = await child('rclone');
    // It needs more than a second for these, and is stopped then.
    await agent.set({ filter: Array.from({ length: 300 }, (_, i) => `host 10.77.${i % 250}.${i % 7}`).join(' or ') });
    const tcpdump = await child('tcpdump');
    process.kill(tcpdump, 'SIGSTOP');
    const pids = {
      run,
      mirror: (await mirror.processes())[0] ?? 0,
      capture: live.pid,
      send: send.pid,
      set: set ?? 0,
      keep: keep ?? 0,
      rclone,
      tcpdump,
    };
    const all = Object.values(pids);
    const app = spawn(
      'setpriv',
      [
        '--pdeathsig',
        'KILL',
        '--reuid',
        String(agentUser),
        '--regid',
        String(agentUser),
        '--clear-groups',
        'sleep',
        'infinity',
      ],
      { stdio: 'ignore' },
    );
    onTestFinished(() => void app.kill('SIGKILL'));

    for (const capabilities of ['', ',+net_raw,+net_admin']) {
      const can = await tryAs(agentUser, capabilities, [...all, app.pid ?? 0]);
      // Processes of the same uid may always signal each other.
      expect(Object.entries(pids).map(([name, pid]) => `${name}: ${can.get(pid)}`)).toEqual(
        Object.keys(pids).map((name) => `${name}: kill`),
      );
      // An app may do all this to its own process, so the attempts work.
      expect(can.get(app.pid ?? 0)).toMatch(/^mem environ maps .*root cwd exe fd .*kill$/);
    }
    const stranger = await tryAs(agentUser + 1, '', all);
    expect([...stranger.values()]).toEqual(all.map(() => ''));
  });
});
