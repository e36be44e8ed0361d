import { afterEach, describe, expect, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';
import { tshark } from '../support/agent/captureFile.ts';
import { collectorAddress, collectorPort, startCollector, type Collector } from '../support/agent/collector.ts';
import { useAgents } from '../support/agent/fixture.ts';

const { folder, network, start } = useAgents();
let collector: Collector | undefined;

afterEach(async () => {
  await collector?.kill();
  collector = undefined;
});

/** Sets the range of ports that the kernel assigns to connections. */
async function setRange(lowest: number, highest: number): Promise<void> {
  await run([...network().enterPod, 'sh', '-c', `echo ${lowest} ${highest} > /proc/sys/net/ipv4/ip_local_port_range`]);
}

/** Opens connections of the app from these ports to the collector; each sends a line. */
async function appConnects(host: string, ports: readonly number[]): Promise<void> {
  const program = `
    import { connect } from 'node:net';
    const one = (localPort) => new Promise((resolve) => {
      const socket = connect({ host: ${JSON.stringify(host)}, port: ${collectorPort}, localPort }, () => socket.end('hello'));
      socket.on('error', resolve).on('close', resolve).resume();
      setTimeout(() => socket.destroy(), 500);
    });
    await Promise.all(${JSON.stringify(ports)}.map(one));`;
  await run([...network().enterPod, process.execPath, '--input-type=module', '--eval', program]);
}

/** The ports of all TCP packets in capture files except the collector's, in ascending order. */
async function tcpPorts(files: readonly string[]): Promise<number[]> {
  const packets = await Promise.all(files.map((file) => tshark(file, 'tcp.port')));
  const ports = packets
    .flat(2)
    .filter((pair) => pair !== '')
    .flatMap((pair) => pair.split(','));
  return [...new Set(ports)]
    .map(Number)
    .filter((port) => port !== collectorPort)
    .toSorted((a, b) => a - b);
}

describe("the agent's own connections", () => {
  // All of the app's packets are captured, from every port, and none of the agent's.
  const apps = [1025, 32_768, 50_001, 60_999, 61_000, 61_050, 61_099, 65_400, 65_534];

  test.each([
    [32_768, 60_999],
    [1024, 65_535],
  ])('are excluded, and no others, when the kernel assigns ports from %d to %d', async (lowest, highest) => {
    await setRange(lowest, highest);
    collector = await startCollector(network(), { folder: await folder() });
    const agent = await start({ settings: { stream: collectorAddress } });
    await Promise.all([agent.next('started'), agent.next('stream connected')]);
    await appConnects(
      '10.99.0.1',
      apps.filter((port) => port !== collector?.ports[0]),
    );
    await agent.stop();
    const [own] = collector.ports;
    expect(await tcpPorts(await agent.files())).toEqual(apps.filter((port) => port !== own));
    expect(agent.noise).toEqual([]);
    await setRange(32_768, 60_999);
  });

  test('are excluded, and no others, also if this changes during the capture', async () => {
    collector = await startCollector(network(), { folder: await folder() });
    const agent = await start({ settings: { stream: collectorAddress } });
    await Promise.all([agent.next('started'), agent.next('stream connected')]);
    await setRange(61_000, 61_099);
    await appConnects('10.99.0.1', [61_001, 61_002]);
    await agent.set({ snaplen: '200' });
    await Promise.all([agent.next('started'), agent.next('stream connected')]);
    await appConnects('10.99.0.1', [61_003, 61_004]);
    await agent.stop();
    const own = [collector.ports[0], collector.ports[3]];
    const app = [61_001, 61_002, 61_003, 61_004];
    expect(await tcpPorts(await agent.files())).toEqual(app.filter((port) => !own.includes(port)));
    await setRange(32_768, 60_999);
  });

  test('are excluded with IPv6, with an address that is added later, and on lo', async () => {
    const six = 'echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6; ip address add';
    await run([...network().enterWorld, 'sh', '-euc', `${six} fd00:99::1/64 dev eth0 nodad`]);
    await run([...network().enterPod, 'sh', '-euc', `${six} fd00:99::2/64 dev eth0 nodad`]);
    collector = await startCollector(network(), { folder: await folder() });
    const agent = await start({ settings: { stream: `[fd00:99::1]:${collectorPort}`, interfaces: 'any' } });
    await Promise.all([agent.next('started'), agent.next('stream connected')]);
    await run([...network().enterPod, 'ip', 'address', 'add', '10.99.0.77/24', 'dev', 'eth0']);
    await appConnects('fd00:99::1', [50_011]);
    await appConnects('10.99.0.1', [50_012]);
    await agent.stop();
    expect(await tcpPorts(await agent.files())).toEqual([50_011, 50_012]);
    await collector.kill();

    collector = await startCollector({ ...network(), enterWorld: network().enterPod }, { folder: await folder() });
    const onLo = await start({ settings: { stream: `127.0.0.1:${collectorPort}`, interfaces: 'lo' } });
    await Promise.all([onLo.next('started'), onLo.next('stream connected')]);
    await appConnects('127.0.0.1', [50_013]);
    await onLo.stop();
    expect(await tcpPorts(await onLo.files())).toEqual([50_013]);
  });
});
