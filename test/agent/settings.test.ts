import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { countPackets, tshark } from '../support/agent/captureFile.ts';
import { useAgents } from '../support/agent/fixture.ts';

const { folder, network, start } = useAgents();

describe('a changed setting', () => {
  test('of the filter starts a new file and is in force', async () => {
    const agent = await start({ settings: { filter: 'udp port 1000' } });
    await agent.next('started');
    await network().send({ count: 10, port: 1000 });
    await agent.set({ filter: 'udp port 2000' });
    expect(await agent.next('settings changed')).toMatchObject({
      changes: [{ setting: 'filter', old: 'udp port 1000', new: 'udp port 2000' }],
    });
    expect(await agent.next('file closed')).toMatchObject({ packets: 10 });
    expect(await agent.next('started')).toMatchObject({ filter: 'udp port 2000' });
    await network().send({ count: 20, port: 1000 });
    await network().send({ count: 30, port: 2000 });
    await agent.stop();
    const [first = '', second = ''] = await agent.files();
    expect(await countPackets(first)).toBe(10);
    expect(await tshark(second, 'udp.dstport')).toEqual(Array.from({ length: 30 }, () => ['2000']));
    expect(agent.noise).toEqual([]);
  });

  test('to idle closes the file and ends the capture; running starts it again', async () => {
    const agent = await start();
    await agent.next('started');
    await network().send({ count: 7 });
    await agent.set({ state: 'idle' });
    expect(await agent.next('file closed')).toMatchObject({ packets: 7 });
    expect(await agent.next('idle')).toMatchObject({ reason: 'state' });
    await agent.alone();
    await network().send({ count: 5 });
    await agent.set({ state: '' });
    await agent.next('started');
    await network().send({ count: 3 });
    await agent.stop();
    expect(await Promise.all((await agent.files()).map(countPackets))).toEqual([7, 3]);
  });

  test('to an invalid value stops the capture until it is corrected', async () => {
    const agent = await start();
    await agent.next('started');
    await agent.set({ duration: '8761h' });
    expect(await agent.next('invalid setting')).toMatchObject({ setting: 'duration', value: '8761h' });
    await agent.alone();
    await agent.set({ duration: '', filter: 'port http or or' });
    expect(await agent.next('invalid setting')).toMatchObject({
      setting: 'filter',
      value: 'port http or or',
      reason: expect.stringContaining('syntax error'),
    });
    await agent.alone();
    await network().send({ count: 5 });
    expect(await agent.files()).toEqual([]);
    expect(agent.events.filter(({ event }) => event === 'started')).toHaveLength(1);
    await agent.set({ filter: 'udp' });
    await agent.next('started');
    await network().send({ count: 6 });
    await agent.stop();
    expect(await Promise.all((await agent.files()).map(countPackets))).toEqual([6]);
    expect(agent.noise).toEqual([]);
  });

  test('in the annotation overrides the environment, which overrides the default', async () => {
    const environment = { PACKET_CAPTURE_FILTER: 'udp port 1', PACKET_CAPTURE_SNAPLEN: '64' };
    const agent = await start({ environment, settings: { filter: 'udp port 2' } });
    expect(await agent.next('started')).toMatchObject({ filter: 'udp port 2', snaplen: 64 });
    await network().send({ count: 1, port: 2, size: 1000 });
    await agent.set({ filter: '' });
    expect(await agent.next('started')).toMatchObject({ filter: 'udp port 1', snaplen: 64 });
    await agent.stop();
    const [file = ''] = await agent.files();
    expect(await tshark(file, 'frame.cap_len', 'frame.len')).toEqual([['64', '1042']]);
  });

  test('is not made by a Service whose variables look like ours', async () => {
    // The kubelet sets these for Services named packet-capture-metrics, … (envvars.FromServices).
    const names = [
      'METRICS',
      'METRICS_LISTEN',
      'FILTER',
      'INTERFACES',
      'STATE',
      'UPLOAD',
      'UPLOAD_PROXY',
      'ALLOWED_SETTINGS',
      'SIZE_LIMIT',
      'DIR',
    ];
    const links = names.flatMap((name) => [
      [`PACKET_CAPTURE_${name}_SERVICE_HOST`, '10.0.0.1'],
      [`PACKET_CAPTURE_${name}_SERVICE_PORT`, '9110'],
      [`PACKET_CAPTURE_${name}_PORT`, 'tcp://10.0.0.1:9110'],
      [`PACKET_CAPTURE_${name}_PORT_9110_TCP`, 'tcp://10.0.0.1:9110'],
    ]);
    const agent = await start({ environment: Object.fromEntries(links) });
    expect(await agent.next('started')).toMatchObject({ interfaces: ['eth0'], filter: '' });
    await network().send({ count: 3 });
    await agent.stop();
    expect(agent.events.map(({ event }) => event)).toEqual(['started', 'file closed', 'stopped']);
    expect(agent.noise).toEqual([]);
  });

  test('to an invalid upload, stream or mirror is reported, and the capture goes on', async () => {
    const agent = await start({
      settings: { upload: ':s3,secret_access_key=x:bucket', stream: 'collector', mirror: 'collector:4789' },
    });
    expect(await agent.next('invalid setting')).toMatchObject({
      setting: 'upload',
      reason: 'must be REMOTE:PATH, with a remote that rclone.conf names',
    });
    expect(await agent.next('invalid setting')).toMatchObject({
      setting: 'stream',
      reason: 'must be HOST:PORT or [IPV6]:PORT',
    });
    expect(await agent.next('invalid setting')).toMatchObject({
      setting: 'mirror',
      reason: 'must be vxlan://HOST[:PORT][?vni=NUMBER]',
    });
    await agent.next('started');
  });
});

describe('a filter', () => {
  const attempts = [
    '-w /captures/x',
    '-Z',
    '-Z 5',
    '--log-file=/captures/x',
    '$(touch /captures/x)',
    '`touch /captures/x`',
    "'; touch /captures/x; '",
    '"; touch /captures/x; "',
    '*',
    'port 80\nFile: /captures/web-1_20260101000000_00001.pcapng\n',
    'port 80\r\nDropped: a[$(touch /captures/x)]\nPackets: x ',
    "x\nPackets received/dropped on interface 'eth0': 1/1 (pcap:a[0]/dumpcap:b/flushed:0)\n",
  ];

  test('is only an expression and never a command', async () => {
    const tries = await Promise.all(
      attempts.map(async (filter) => {
        const captures = await folder();
        return { filter, captures, agent: await start({ captures, settings: { filter } }) };
      }),
    );
    await Promise.all(
      tries.map(async ({ filter, agent }) => {
        expect(await agent.next('invalid setting')).toMatchObject({ setting: 'filter', value: filter });
        await agent.set({ filter: 'udp' });
        await agent.next('started');
      }),
    );
    await network().send({ count: 2 });
    await Promise.all(
      tries.map(async ({ filter, captures, agent }) => {
        const { code } = await agent.stop();
        const last = agent.events.at(-1);
        expect({ filter, code, last, noise: agent.noise, files: await readdir(captures) }).toEqual({
          filter,
          code: 0,
          last: expect.objectContaining({ event: 'stopped', packets: 2, files: 1 }),
          noise: [],
          files: ['.agent', expect.stringMatching(/^web-1_\d{14}_00001\.pcapng$/)],
        });
      }),
    );
  });

  test('may have several lines and may begin with a minus', async () => {
    const agent = await start({ settings: { filter: 'udp\n\tport 5\r\n' } });
    expect(await agent.next('started')).toMatchObject({ filter: 'udp\n\tport 5\r\n' });
    await agent.set({ filter: '-len != 0 and udp port 6' });
    await agent.next('started');
    await network().send({ count: 1, port: 5 });
    await network().send({ count: 2, port: 6 });
    await agent.stop();
    expect(agent.events.at(-1)).toMatchObject({ event: 'stopped', packets: 2 });
  });

  test('is in the events unchanged', async () => {
    const filter = 'a "b" \\c\\ \t\n\u0001\u001f\u007f é 漢 😀 \\"';
    const agent = await start({ settings: { state: 'idle' } });
    await agent.next('idle');
    await agent.set({ filter });
    expect((await agent.next('settings changed'))['changes']).toEqual([{ setting: 'filter', old: '', new: filter }]);
  });
});
