import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, onTestFinished, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';
import { useAgents } from './fixture.ts';
import { agentKind } from './kind.ts';
import { childrenOf } from './processTree.ts';
import { until } from './until.ts';

const { network, folder } = useAgents();
const scripts = join(import.meta.dirname, '../../src/running');
const large = 1_000_000;

/** A container stays when a command that was started in it ends, and so does the command's standard input here. */
const container = 'exec 3<&0; "$@" <&3 3<&- & wait; while :; do sleep 60; done';

// With the Go agent these are commands of its program: subcommands.test.ts.
test.skipIf(agentKind === 'go').each([
  ['download/transfer.sh', ['/captures/large', '0', `${large}`], 'head'],
  ['download/transfer.sh', ['/captures/large', '1000', `${large}`], 'tail'],
  ['stream/capture.sh', ['eth0', '0', 'udp', ''], 'dumpcap'],
])('%s %j: when its own process alone is killed, what it started ends too', async (script, args, program) => {
  const captures = await folder();
  await writeFile(join(captures, 'large'), randomBytes(large));
  const command = ['launch', 'sh', '-c', container, 'sh', 'sh', '-c', await readFile(join(scripts, script), 'utf8'), 'sh', ...args];
  const inContainer = ['sh', join(import.meta.dirname, 'container.sh'), inject('agentRoot'), captures, await folder(), 'net_raw', ...command];
  // Two PID namespaces, as in agent.ts: the outer one ends with this process, and takes the container along.
  const namespaces = ['unshare', '--pid', '--fork', '--kill-child', 'unshare', '--mount', '--pid', '--fork'];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...network().enterPod, ...namespaces, ...inContainer], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await until('its end', async () => child.signalCode !== null);
  });
  const [outer] = await until('the outer namespace', async () => atLeast(await childrenOf(child.pid), 1));
  const [first] = await until('the container', async () => atLeast(await childrenOf(outer), 1));
  const own = await until(program, async () => {
    for (const pid of await childrenOf(first)) if ((await names(await childrenOf(pid))).includes(program)) return pid;
    return undefined;
  });
  // Two checksums, and then what nobody reads.
  await sleep(1000);
  const started = await childrenOf(own);
  expect(await names(started)).toEqual(expect.arrayContaining([program, 'sh']));

  process.kill(own, 'SIGKILL');
  await until('the end of what it started', async () => (await names(started)).length === 0);
});

test('transfer.sh is clean to shellcheck', async () => {
  const copy = join(await folder(), 'transfer.sh');
  await writeFile(copy, await readFile(join(scripts, 'download/transfer.sh')));
  expect((await run(['shellcheck', copy])).stdout).toBe('');
});

function atLeast<Item>(items: readonly Item[], count: number): readonly Item[] | undefined {
  return items.length >= count ? items : undefined;
}

/** Of those that have not ended. */
async function names(pids: readonly number[]): Promise<string[]> {
  const statuses = await Promise.all(pids.map(async (pid) => readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')));
  return statuses.filter((status) => status !== '' && !/^State:\tZ/m.test(status)).map((status) => /^Name:\t(.*)$/m.exec(status)?.[1] ?? '');
}
