import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { statusWhen } from '../support/agent/agentFiles.ts';
import { mirrorOf, mirrorProgram, portCounts, useMirrors } from '../support/agent/mirrorFixture.ts';
import { until } from '../support/agent/until.ts';
import { framesOf } from '../support/agent/vxlanCollector.ts';

const { collect, folder, inPod, network, start, startPod, traces } = useMirrors();
const mirror = 'vxlan://10.99.0.1:4790?vni=7';

describe('the mirror, when something fails,', () => {
  test('is set up again by the next container after SIGKILL, and copies each packet once', async () => {
    const { file, end } = await collect(4790, 7);
    const settings = { mirror, filter: 'udp' };
    const pod = await startPod(settings);
    await pod.mirror.next('mirror started');
    await network().send({ count: 10, port: 1001 });
    await pod.mirror.kill();
    // The kernel keeps copying without the program.
    await network().send({ count: 10, port: 1002 });
    const again = await start({ captures: pod.captures, volume: pod.volume, settings, ...mirrorProgram });
    await again.next('mirror started');
    await network().send({ count: 10, port: 1003 });
    expect((await traces()).match(/handle 0x7064/g)).toHaveLength(2);
    await again.stop();
    expect(await traces()).not.toMatch(/pcmirror|clsact|bpf/);
    await end();
    expect(await portCounts(file)).toEqual({ 1001: 10, 1002: 10, 1003: 10 });
  });

  // A filter that the kernel does not list could not be removed, so copies would go on.
  test('uses a shorter form of a long filter, and stops with a filter that is too long', async () => {
    const hosts = (count: number): string =>
      Array.from({ length: count }, (_, i) => `host 10.${Math.floor(i / 250)}.${i % 250}.${(i * 7) % 250}`).join(
        ' or ',
      );
    const { file, end } = await collect(4790, 7);
    // With so many spaces it is compiled unchanged, to about 3,000 instructions, which is nearly the limit.
    const pod = await startPod({ mirror, filter: `udp port 1001 or ${hosts(95)}${' '.repeat(8000)}` });
    await pod.mirror.next('mirror started');
    await network().send({ count: 10, port: 1001 });
    await pod.agent.set({ filter: 'udp port 1002' });
    await pod.mirror.next('mirror started');
    await network().send({ count: 10, port: 1001 });
    await pod.agent.set({ filter: hosts(534) });
    expect(await pod.mirror.next('invalid setting')).toMatchObject({
      setting: 'filter',
      reason: expect.stringContaining('is too long for the kernel'),
    });
    await pod.mirror.next('mirror stopped');
    await network().send({ count: 10, port: 1002 });
    expect(await traces()).not.toMatch(/pcmirror|clsact|bpf/);
    await end();
    expect(await portCounts(file)).toEqual({ 1001: 10 });
  });

  test('reports missing NET_ADMIN, and waits', async () => {
    const [captures, volume, settings] = [await folder(), await folder(), { mirror }];
    const agent = await start({ captures, volume, settings });
    const powerless = await start({ captures, volume, settings, ...mirrorProgram, capability: '' });
    const reason = expect.stringMatching(
      /^the container has no NET_ADMIN: cannot make the VXLAN device: Operation not permitted/,
    );
    expect(await powerless.next('error')).toMatchObject({
      reason: expect.stringMatching(/^mirror to vxlan:.*: the container has no NET_ADMIN: /),
      retry: '1s',
    });
    expect(await powerless.next('error')).toMatchObject({ retry: '2s' });
    const status = await statusWhen(
      'of a mirror that waits',
      captures,
      (said) => mirrorOf(said)['state'] === 'waiting',
    );
    expect(mirrorOf(status)).toMatchObject({ reason, destination: mirror, packets: 0 });
    expect(await powerless.stop()).toMatchObject({ code: 0 });
    await statusWhen('of a mirror that has ended', captures, (said) => mirrorOf(said)['state'] === 'stopped');
    expect([agent.noise, powerless.noise]).toEqual([[], []]);
  });

  test('is reported by the agent as impossible without its container, and the capture goes on', async () => {
    const captures = await folder();
    const agent = await start({ captures, settings: { mirror } });
    await agent.next('started');
    const status = await statusWhen('with a mirror', captures, (said) => said['mirror'] !== undefined);
    expect(mirrorOf(status)).toEqual({
      state: 'waiting',
      reason: expect.stringMatching(
        /^the pod has no container packet-capture-mirror: it is added when the annotation stands on the pod before it is created/,
      ),
    });
    expect(status).toMatchObject({ state: 'capturing', invalid: [] });
  });

  test('looks up an unknown name again, and mirrors a new interface and lo once', async () => {
    const { file, end } = await collect(4790, 7);
    const pod = await startPod({
      mirror: 'vxlan://collector.example:4790?vni=7',
      interfaces: 'eth0,net1,lo',
      filter: 'udp',
    });
    expect(await pod.mirror.next('error')).toMatchObject({
      reason: expect.stringContaining('there is no interface net1'),
    });
    const [enter = '', ...rest] = network().enterPod;
    await network().addInterface('net1', 1);
    expect(
      await until('word of the name', () =>
        pod.mirror.events.find(({ reason }) => String(reason).includes('collector.example: ')),
      ),
    ).toMatchObject({ event: 'error' });
    const names = spawn(
      enter,
      [...rest, process.execPath, join(import.meta.dirname, '../support/agent/nameServer.ts'), '10.99.0.1'],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    try {
      await once(names.stdout, 'data');
      expect(await pod.mirror.next('mirror started')).toMatchObject({
        address: '10.99.0.1',
        interfaces: ['eth0', 'net1', 'lo'],
      });
      await network().send({ count: 10, port: 1001 });
      await network().send({ count: 10, port: 1002, subnet: 1 });
      await inPod('for i in 1 2 3 4 5; do bash -c "echo $i > /dev/udp/127.0.0.1/1003"; done');
      await statusWhen('of a mirror that works', pod.captures, (said) => mirrorOf(said)['state'] === 'mirroring');
      await network().removeInterface('net1');
      await statusWhen(
        'of a mirror that waits for an interface',
        pod.captures,
        (said) => mirrorOf(said)['reason'] === 'there is no interface net1',
      );
      expect(await traces()).not.toMatch(/pcmirror|clsact|bpf/);
      await pod.mirror.stop();
      await end();
      expect(await portCounts(file)).toEqual({ 1001: 10, 1002: 10, 1003: 5 });
    } finally {
      names.stdin.end();
    }
  });

  test('requires a filter for a collector behind a tunnel of the pod, whose packets would be copied without end', async () => {
    const pod = await startPod({ mirror: 'vxlan://10.77.0.9' });
    expect(await pod.mirror.next('error')).toMatchObject({
      reason: 'mirror to vxlan://10.77.0.9: there is no route to 10.77.0.9',
    });
    await inPod('ip tuntap add tun0 mode tun; ip link set tun0 up; ip route add 10.77.0.0/24 dev tun0');
    const reason =
      "mirror to vxlan://10.77.0.9: 10.77.0.9 is behind tun0, a tunnel: set a filter that leaves the tunnel's own packets out";
    await until('word of the tunnel', () => pod.mirror.events.find((event) => event['reason'] === reason));
    await pod.agent.set({ filter: 'tcp' });
    expect(await pod.mirror.next('mirror started')).toMatchObject({ interfaces: ['eth0'], without: ['tun0'] });
    await inPod('ip link delete tun0');
  });

  test('reports an impossible filter, a priority in use, and a device or filter that somebody removes', async () => {
    const { file, end } = await collect(4790, 7);
    const pod = await startPod({ mirror, filter: 'vlan 5 or udp' });
    expect(await pod.mirror.next('error')).toMatchObject({ reason: expect.stringContaining('the filter has vlan') });
    await inPod('tc qdisc add dev eth0 ingress');
    const before = await traces();
    await pod.agent.set({ filter: 'udp port 1001' });
    const taken = 'cannot mirror eth0: another program has added the qdisc `ingress` there';
    await until('word of the place', () => pod.mirror.events.find(({ reason }) => String(reason).includes(taken)));
    await statusWhen('of a mirror that waits for a place', pod.captures, (said) =>
      String(mirrorOf(said)['reason']).startsWith(taken),
    );
    expect(await traces()).toBe(before);
    await inPod('tc qdisc delete dev eth0 ingress');
    await pod.mirror.next('mirror started');
    await inPod('ip link delete pcmirror0');
    await pod.mirror.next('mirror started');
    for (const removal of ['filter delete dev eth0 ingress', 'qdisc delete dev eth0 clsact']) {
      await inPod(`tc ${removal}`);
      await until('word of it', () =>
        pod.mirror.events.find(({ reason }) =>
          String(reason).includes("another program has removed the mirror's filter from eth0"),
        ),
      );
      await pod.mirror.next('mirror started');
    }
    await network().send({ count: 10, port: 1001 });
    await pod.mirror.stop();
    await end();
    expect(await framesOf(file, 'udp')).toHaveLength(10);
    expect(JSON.parse(await readFile(join(pod.captures, '.agent/mirror.json'), 'utf8'))).toMatchObject({
      state: 'stopped',
      packets: 10,
    });
  });
});
