import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { captureCommand } from '../../src/captures/stream/podCapture.ts';
import { createCaptureReader, type CaptureInterface } from '../../src/pcapng/index.ts';
import { startInContainer } from '../support/agent/containerCommand.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { leastDelay } from '../support/agent/promptness.ts';
import { until } from '../support/agent/until.ts';

const { network, folder } = useAgents();

interface Capture {
  readonly child: ChildProcess;
  /** Its exit code, once all that it has said is here too. */
  readonly closed: Promise<number | null>;
  readonly interfaces: CaptureInterface[];
  /** The UDP port of each packet, and the milliseconds from its capture to its arrival here. */
  readonly packets: { readonly port: number; readonly delay: number }[];
  readonly said: () => string;
  readonly pieces: () => number;
}

/** Starts the command in a container of the agent's image, like `kubectl exec`. */
async function startCapture(interfaces: string, snaplen = '0', filter = ''): Promise<Capture> {
  const [captures, settings] = [await folder(), await folder()];
  const container = { network: network(), captures, settings, capability: 'net_raw' };
  const child = startInContainer(container, ...captureCommand({ interfaces, snaplen, filter }));
  const closed = once(child, 'close').then(([code]) => code as number | null);
  const capture: Capture = { child, closed, interfaces: [], packets: [], said: () => said, pieces: () => pieces };
  const reader = createCaptureReader('capture');
  let said = '';
  let pieces = 0;
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  child.stdout.on('data', (bytes: Buffer) => {
    pieces += 1;
    for (const record of reader.push(bytes)) {
      if (record.type === 'interface') capture.interfaces.push(record);
      if (record.type !== 'packet') continue;
      const view = new DataView(record.data.buffer, record.data.byteOffset, record.data.byteLength);
      capture.packets.push({ port: view.getUint16(36), delay: Date.now() - Number(record.ticks / 1_000_000n) });
    }
  });
  return capture;
}

/** Ends standard input. @returns the exit code */
async function end({ child, closed }: Capture): Promise<number | null> {
  child.stdin?.end();
  return closed;
}

test('the command captures every interface that is up, sends packets within 100 ms, and ends with standard input', async () => {
  await network().addInterface('net1', 1);
  const capture = await startCapture('all');
  await until('its head', async () => capture.interfaces.length === 2);
  expect(capture.interfaces.map(({ name }) => name)).toEqual(['eth0', 'net1']);
  // No packets at first: a packet must not wait for others.
  await sleep(500);
  let sent = 0;
  const delay = await leastDelay(150, async () => {
    for (let round = 0; round < 6; round += 1) {
      await network().send({ count: 1, port: 7000, subnet: round % 2 });
      await sleep(100);
    }
    sent += 6;
    await until('all packets', async () => capture.packets.length === sent);
    return Math.max(...capture.packets.slice(-6).map((packet) => packet.delay));
  });
  expect(delay).toBeLessThan(150);
  expect(await end(capture), capture.said()).toBe(0);
  expect(capture.said()).toContain(`{"interface":"net1","packets":${sent / 2},"dropped":0}\n`);
  await network().removeInterface('net1');
});

test.each(['any', 'all,lo'])('the command captures lo too with %s', async (interfaces) => {
  const capture = await startCapture(interfaces);
  await until('its head', async () => capture.interfaces.length === 2);
  expect(capture.interfaces.map(({ name }) => name)).toEqual(['eth0', 'lo']);
  expect(await end(capture), capture.said()).toBe(0);
});

test('the command sends many packets in few writes, because each passes the API server', async () => {
  const capture = await startCapture('eth0', '0', 'udp');
  await until('its head', async () => capture.interfaces.length === 1);
  const before = capture.pieces();
  await network().send({ count: 2000, perSecond: 2000, subnet: 0 });
  await until('all packets', async () => capture.packets.length === 2000);
  // A piece each 50 ms or so; on a machine that sends slowly there are more of them.
  expect(capture.pieces() - before).toBeLessThan(400);
  expect(await end(capture), capture.said()).toBe(0);
});

test('the command captures all packets that are sent before standard input ends', async () => {
  const capture = await startCapture('eth0', '0', 'udp');
  await until('its head', async () => capture.interfaces.length === 1);
  await network().send({ count: 100, subnet: 0 });
  expect(await end(capture), capture.said()).toBe(0);
  expect(capture.packets).toHaveLength(100);
});

test('the command ends with standard input also if nothing reads its output', async () => {
  const capture = await startCapture('eth0', '0', 'udp');
  await until('its head', async () => capture.interfaces.length === 1);
  capture.child.stdout?.pause();
  // More than the pipes can hold, so that it waits in a write.
  await network().send({ count: 3000, size: 1000, perSecond: 3000, subnet: 0 });
  const ended = once(capture.child, 'exit');
  capture.child.stdin?.end();
  expect((await ended)[0]).not.toBeNull();
});

test('the command applies the filter and the snaplen', async () => {
  const capture = await startCapture('eth0', '60', 'udp port 7001');
  await until('its head', async () => capture.interfaces.length === 1);
  expect(capture.interfaces).toMatchObject([{ name: 'eth0', snaplen: 60 }]);
  await network().send({ count: 1, port: 7000 });
  await network().send({ count: 1, port: 7001 });
  await until('a packet', async () => capture.packets.length > 0);
  expect(await end(capture), capture.said()).toBe(0);
  expect(capture.packets.map(({ port }) => port)).toEqual([7001]);
});

test.each([
  ['an invalid filter', 'eth0', 'tcp port eighty', 65, "unknown port 'eighty'"],
  ['a filter that is valid in parentheses alone', 'eth0', 'tcp) or (udp', 65, 'syntax error'],
  ['a filter like a flag', 'eth0', '-w /captures/x', 65, ''],
  ['an interface that is not there', 'eth0,net7', 'tcp', 66, 'there is no interface net7'],
])('the command refuses %s with the reason', async (_, interfaces, filter, code, reason) => {
  const capture = await startCapture(interfaces, '0', filter);
  expect(await end(capture)).toBe(code);
  expect(capture.said()).toMatch(/^refused: /);
  expect(capture.said()).toContain(reason);
  expect(capture.packets).toEqual([]);
});
