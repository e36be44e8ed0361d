import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import type { Agent } from './agent.ts';
import { useAgents } from './fixture.ts';
import { until } from './until.ts';

const { folder, network, start } = useAgents();
const mirror = { settings: { mirror: 'vxlan://10.99.0.1', filter: 'udp' }, program: 'packet-capture-mirror', capability: 'net_admin' } as const;

/** Anonymous memory of all processes of the container, in kB. */
async function anonymousMemory(agent: Agent): Promise<number> {
  const statuses = await Promise.all((await agent.processes()).map((pid) => readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')));
  return statuses.reduce((sum, status) => sum + Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0), 0);
}

/** Seconds that the process has run. */
async function processorTime(pid: number | undefined): Promise<number> {
  const [nanoseconds = ''] = (await readFile(`/proc/${pid}/schedstat`, 'utf8')).split(' ');
  return Number(nanoseconds) / 1e9;
}

/** The least of up to ten measurements, until one is below `goal`: what else the machine does can only make them larger. */
async function leastShare(goal: number, measure: () => Promise<number>): Promise<number> {
  let least = await measure();
  for (let again = 0; again < 9 && least >= goal; again += 1) least = Math.min(least, await measure());
  return least;
}

/** dumpcap of the agent's image in a container of its own, without the agent; its process id. */
async function startBareDumpcap(): Promise<number> {
  const [captures, settings] = [await folder(), await folder()];
  const container = [join(import.meta.dirname, 'container.sh'), inject('agentRoot'), captures, settings, 'net_raw'];
  const dumpcap = ['dumpcap', '-q', '-i', 'eth0', '-B', '4', '-f', 'udp', '-w', '/captures/bare.pcapng'];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...network().enterPod, 'unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', ...container, ...dumpcap], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await until('its end', async () => child.signalCode !== null);
  });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  await until('bare dumpcap', async () => said.includes('File: '), { instead: () => said });
  return Number(await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
}

describe('the container', () => {
  test('idle: at most 3 MB of anonymous memory, and less than a thousandth of a core', async () => {
    const agent = await start({ settings: { state: 'idle' } });
    await agent.next('idle');
    await agent.alone();
    const [pid] = await agent.processes();
    const share = await leastShare(0.001, async () => {
      const from = await processorTime(pid);
      await sleep(4000);
      return (await processorTime(pid) - from) / 4;
    });
    const memory = await anonymousMemory(agent);
    console.log(`idle: ${memory} kB anonymous, ${(share * 100).toFixed(3)} % of a core`);
    expect(memory).toBeLessThan(3000);
    expect(share).toBeLessThan(0.001);
  });

  test('of a mirror: at most 1 MB of anonymous memory, and less than three thousandths of a core, also while packets are copied', async () => {
    const agent = await start(mirror);
    await agent.next('mirror started');
    await agent.alone();
    const [pid] = await agent.processes();
    const share = await leastShare(0.003, async () => {
      const from = await processorTime(pid);
      await network().send({ count: 20_000, size: 1000, perSecond: 5000 });
      return (await processorTime(pid) - from) / 4;
    });
    const memory = await anonymousMemory(agent);
    console.log(`mirror: ${memory} kB anonymous, ${(share * 100).toFixed(3)} % of a core`);
    expect(memory).toBeLessThan(1000);
    expect(share).toBeLessThan(0.003);
    expect(await agent.stop()).toMatchObject({ code: 0 });
    expect(agent.events.find(({ event }) => event === 'mirror stopped')).toMatchObject({ packets: expect.toSatisfy((packets: number) => packets >= 20_000), dropped: 0 });
  });

  test('running: at most 3 MB of anonymous memory, while packets come and after them', async () => {
    const agent = await start({ settings: { filter: 'udp', rotate: '1s' } });
    await agent.next('started');
    const sent = network().send({ count: 20_000, size: 1000, perSecond: 10_000 });
    const memory: number[] = [];
    for (let i = 0; i < 20; i += 1) {
      await sleep(150);
      memory.push(await anonymousMemory(agent));
    }
    await sent;
    console.log(`running: ${Math.max(...memory)} kB anonymous`);
    expect(Math.max(...memory)).toBeLessThan(3000);
  });

  test('running: its dumpcap takes less CPU than a bare one that captures the same packets at the same time', async () => {
    const agent = await start({ settings: { filter: 'udp', 'buffer-size': '4Mi' } });
    await agent.next('started');
    const pids = [await agent.dumpcap(), await startBareDumpcap()];
    const from = await Promise.all(pids.map(processorTime));
    await network().send({ count: 40_000, perSecond: 20_000 });
    await sleep(500);
    const [own = 0, bare = 0] = await Promise.all(pids.map(async (pid, index) => (await processorTime(pid)) - (from[index] ?? 0)));
    console.log(`40,000 packets: ${(own * 1000).toFixed(1)} ms, bare dumpcap ${(bare * 1000).toFixed(1)} ms`);
    expect(own / bare).toBeLessThan(0.7);
    await agent.stop();
    expect(agent.events.at(-1)).toMatchObject({ packets: 40_000, dropped: 0 });
  });
});
