import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';
import { statusWhen } from '../support/agent/agentFiles.ts';
import { countPackets } from '../support/agent/captureFile.ts';
import { collectorAddress, startCollector } from '../support/agent/collector.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { mirrorOf } from '../support/agent/mirrorFixture.ts';
import { until } from '../support/agent/until.ts';

const { folder, network, start } = useAgents();

/** A patch of the pod, or only of its status, can write such settings. */
describe('a setting that the release does not allow', () => {
  test('has no effect and is reported, be it a destination or a locked setting', async () => {
    const environment = {
      PACKET_CAPTURE_ALLOWED_SETTINGS: 'state stream upload',
      PACKET_CAPTURE_ALLOWED_STREAMS: '*.obs:57012',
      PACKET_CAPTURE_ALLOWED_UPLOADS: '',
      PACKET_CAPTURE_FILTER: 'udp port 9999',
    };
    const agent = await start({ environment });
    expect(await agent.next('started')).toMatchObject({ filter: 'udp port 9999' });
    await agent.set({ filter: '', interfaces: 'any', stream: '10.99.0.1:57012', upload: 's3:theirs/x' });
    const refused = [
      await agent.next('invalid setting'),
      await agent.next('invalid setting'),
      await agent.next('invalid setting'),
    ];
    const reasons = Object.fromEntries(refused.map(({ setting, reason }) => [String(setting), reason]));
    expect(reasons).toEqual({
      interfaces: 'must stay as the release has it: annotations may change state, stream, upload',
      upload: 'must be a destination that the release allows: there is none',
      stream: 'must be a destination that the release allows: *.obs:57012',
    });
    await network().send({ count: 7, port: 9999 });
    await network().send({ count: 5, port: 9998 });
    await agent.stop();
    const packets = await Promise.all((await agent.files()).map(countPackets));
    expect(packets.reduce((sum, count) => sum + count, 0)).toBe(7);
    const events = new Set(agent.events.map(({ event }) => event));
    for (const event of ['stream connected', 'stream failed', 'uploaded', 'upload failed'])
      expect(events).not.toContain(event);
  });

  test('sends no packet to another destination, and the status does not show it as in force', async () => {
    const theirs = 57_013;
    const listen = `require('node:net').createServer(() => console.log('came')).listen(${theirs}, '10.99.0.1', () => console.log('listens'))`;
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...network().enterWorld, process.execPath, '-e', listen]);
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    child.stdout.on('data', (text: Buffer) => (said += text.toString()));
    await once(child.stdout, 'data');
    const collector = await startCollector(network(), { folder: await folder() });
    const environment = {
      PACKET_CAPTURE_ALLOWED_SETTINGS: 'state',
      PACKET_CAPTURE_STREAM: collectorAddress,
      PACKET_CAPTURE_MIRROR: 'vxlan://10.99.0.1:4790',
      PACKET_CAPTURE_FILTER: 'udp port 9999',
    };
    const settings = { stream: `10.99.0.1:${theirs}`, mirror: 'vxlan://10.99.0.9:4790', filter: 'tcp' };
    const captures = await folder();
    const agent = await start({ captures, environment, settings });
    const mirror = await start({ captures, environment, settings, program: 'mirror', capability: 'net_admin' });
    expect(await agent.next('stream connected')).toMatchObject({ to: collectorAddress });
    expect(await agent.next('started')).toMatchObject({ filter: 'udp port 9999' });
    expect(await mirror.next('mirror started')).toMatchObject({
      to: 'vxlan://10.99.0.1:4790',
      filter: 'udp port 9999',
    });
    await network().send({ count: 3, port: 9999 });
    const status = await statusWhen('with packets', captures, ({ packets }) => packets === 3);
    expect(status).toMatchObject({ filter: 'udp port 9999', stream: { to: collectorAddress } });
    expect(mirrorOf(status)).toMatchObject({ destination: 'vxlan://10.99.0.1:4790' });
    await Promise.all([agent.stop(), mirror.stop()]);
    await collector.kill();
    const [file = ''] = await agent.files();
    const { stdout: comment } = await run(['capinfos', '-k', file]);
    expect(comment).toContain('"filter":"udp port 9999"');
    expect(comment).not.toContain(String(theirs));
    expect(said).toBe('listens\n');
  });

  test('is invalid if it is a buffer over the limit', async () => {
    const agent = await start({ settings: { 'buffer-size': '65Mi' } });
    expect(await agent.next('invalid setting')).toMatchObject({
      setting: 'buffer-size',
      value: '65Mi',
      reason: 'must be at most 64Mi',
    });
    await agent.set({ 'buffer-size': '64Mi' });
    await agent.next('started');
    await agent.stop();
  });

  test('is invalid if it is a buffer of 2 GiB, which no memory limit of a container would count', async () => {
    const rings = async (): Promise<number> =>
      (await run([...network().enterPod, 'cat', '/proc/net/packet'])).stdout.split('\n').length - 1;
    // A release cannot raise the limit over what the kernel can count.
    const agents = [
      await start({ settings: { 'buffer-size': '2Gi' } }),
      await start({ settings: { 'buffer-size': '2Gi' }, environment: { PACKET_CAPTURE_BUFFER_LIMIT: '4Gi' } }),
    ];
    const invalid = await Promise.all(agents.map(async (agent) => (await agent.next('invalid setting'))['reason']));
    expect(invalid).toEqual(['must be at most 64Mi', 'must be at most 2047Mi']);
    await until('no ring', async () => (await rings()) === 0);
    await agents[0]?.set({ 'buffer-size': '' });
    await agents[0]?.next('started');
    expect(await rings()).toBe(1);
  });
});
