import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { interfaceBlock, packetBlock, sectionBlock } from '../support/pcapng/captureBytes.ts';
import { readAll } from '../support/pcapng/captureFiles.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-stream-'));
});
afterAll(async () => rm(folder, { recursive: true }));

const pod = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', uid: name },
  spec: { initContainers: [{ name: 'packet-capture' }] },
  status: { phase: 'Running', initContainerStatuses: [{ name: 'packet-capture', state: { running: {} } }] },
});

/** A kubectl with a good pod and a hostile one, which sends this again and again, as fast as it is read. */
async function kubectl(evil: Uint8Array): Promise<string> {
  const [program, good, bad, list] = ['kubectl', 'good', 'bad', 'list'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  await writeFile(list, JSON.stringify({ kind: 'List', items: [pod('evil'), pod('good')] }));
  await writeFile(
    good,
    Buffer.concat([
      sectionBlock(true),
      interfaceBlock(true, 1, 0, [{ code: 2, value: 'eth0' }]),
      packetBlock(true, 0, 1n, Uint8Array.of(7)),
    ]),
  );
  await writeFile(bad, evil);
  await writeFile(
    program,
    `#!/bin/sh
case " $* " in
  *' get --raw '*) cat ${list} ;;
  *' exec good '*) cat ${good}; exec cat > /dev/null ;;
  *' exec evil '*) while cat ${bad}; do :; done ;;
esac
`,
  );
  await chmod(program, 0o755);
  return program;
}

/** Runs `stream`. @returns the most memory that it used, in MB, its messages and its output */
async function stream(
  evil: Uint8Array,
): Promise<{ readonly peak: number; readonly stderr: string; readonly bytes: Buffer }> {
  const output = join(folder, 'out.pcapng');
  const running = execa(
    process.execPath,
    ['bin/packet-capture.js', 'stream', '-A', '-l', 'app', '-o', output, '--force'],
    { reject: false, env: { KUBECTL: await kubectl(evil) } },
  );
  let peak = 0;
  const look = setInterval(() => {
    void readFile(`/proc/${running.pid ?? 0}/status`, 'utf8').then(
      (text) => (peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024)),
      () => undefined,
    );
  }, 100);
  // Goes on for a second after both have begun, so that the hostile pod connects again.
  let said = '';
  let ending: NodeJS.Timeout | undefined;
  running.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString();
    if (said.includes('shop/good: joined') && said.includes('shop/evil: the capture '))
      ending ??= setTimeout(() => running.kill('SIGINT'), 1000);
  });
  const { stderr } = await running;
  clearInterval(look);
  return { peak, stderr, bytes: await readFile(output) };
}

const head = sectionBlock(true);
const large = Array.from({ length: 15 }, (_, index) => ({ code: 100 + index, value: 'x'.repeat(60_000) }));

test.each([
  [
    'interfaces with options of 900 KB',
    Buffer.concat([
      head,
      ...Array.from({ length: 16 }, (_, index) =>
        interfaceBlock(true, 1, 0, [{ code: 2, value: `if${index}` }, ...large]),
      ),
    ]),
  ],
  [
    'interfaces without options',
    Buffer.concat([head, ...Array.from({ length: 5000 }, () => interfaceBlock(true, 1, 0))]),
  ],
])('a pod that sends %s without end costs little memory, and the other pods are captured', async (_, evil) => {
  const { peak, stderr, bytes } = await stream(evil);
  expect(stderr).toContain('shop/evil: the capture describes more than 256 interfaces');
  const { records } = readAll([bytes]);
  expect(records.some((record) => record.type === 'packet' && record.data[0] === 7)).toBe(true);
  expect(records.filter(({ type }) => type === 'interface').length).toBeLessThanOrEqual(257);
  expect(peak).toBeLessThan(300);
});
