import { describe, expect, test } from 'vitest';
import { countPackets, tshark } from '../support/agent/captureFile.ts';
import { useAgents } from '../support/agent/fixture.ts';

const { network, start } = useAgents();

describe('a capture', () => {
  test('stores every packet in a file that names the pod and the interface, and reports it', async () => {
    const agent = await start({ settings: { filter: 'udp' } });
    const started = await agent.next('started');
    const [file] = await agent.files();
    expect(started).toEqual({
      event: 'started',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      interfaces: ['eth0'],
      filter: 'udp',
      snaplen: 0,
      file: expect.stringMatching(/^\/captures\/web-1_\d{14}_00001\.pcapng$/),
    });
    await network().send({ count: 1234 });
    expect(await agent.stop()).toMatchObject({ code: 0 });
    expect(agent.events.slice(1)).toEqual([
      expect.objectContaining({ event: 'file closed', file: started['file'], packets: 1234, dropped: 0, kept: true }),
      expect.objectContaining({ event: 'stopped', files: 1, packets: 1234, dropped: 0 }),
    ]);
    expect(agent.noise).toEqual([]);
    expect(await countPackets(file ?? '')).toBe(1234);
    const [first] = await tshark(file ?? '', 'frame.interface_name', 'frame.interface_description', 'udp.dstport');
    expect(first).toEqual(['eth0', 'shop/web-1 node=node0', '9999']);
  });
});
