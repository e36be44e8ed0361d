import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeProgram } from '../support/commands/clusterCommands.ts';
import { interfaceBlock, packetBlock, sectionBlock } from '../support/pcapng/captureBytes.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-duration-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

const pods = ['quick', 'slow'].map((name) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', uid: name },
  spec: { initContainers: [{ name: 'packet-capture' }] },
  status: { phase: 'Running', initContainerStatuses: [{ name: 'packet-capture', state: { running: {} } }] },
}));

test('a stream has the packets of each pod, also when one takes longer than --duration to begin, and ends after that time', async () => {
  const [list, capture, output] = ['list', 'capture', 'out.pcapng'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(list, JSON.stringify({ kind: 'List', items: pods }));
  const packet = packetBlock(true, 0, 1n, Uint8Array.of(7));
  const device = interfaceBlock(true, 1, 0, [{ code: 2, value: 'eth0' }]);
  await writeFile(capture, Buffer.concat([sectionBlock(true), device, packet]));
  const kubectl = join(folder, 'kubectl');
  await writeProgram(
    kubectl,
    `case " $* " in
  *' get --raw '*) cat ${list} ;;
  *' exec quick '*) cat ${capture}; exec cat > /dev/null ;;
  *' exec slow '*) sleep 3; cat ${capture}; exec cat > /dev/null ;;
esac`,
  );
  const running = execa(
    process.execPath,
    ['bin/packet-capture.js', 'stream', '-A', '-l', 'app', '-o', output, '--names', 'off', '--duration', '1s'],
    { reject: false, env: { KUBECTL: kubectl } },
  );
  let joined = Number.NaN;
  running.stderr.on('data', (bytes: Buffer) => {
    if (bytes.toString().includes('shop/slow: joined')) joined = performance.now();
  });
  const { exitCode, stderr } = await running;
  const seconds = (performance.now() - joined) / 1000;
  expect(exitCode, stderr).toBe(0);
  expect(stderr).toContain('2 packets, 2 captures');
  expect((await stat(output)).size).toBeGreaterThan(packet.length);
  // Without a capture it would wait for half a minute.
  expect(seconds).toBeGreaterThan(0.9);
  expect(seconds).toBeLessThan(20);
});
