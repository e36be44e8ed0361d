import { mkdir, writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import { beforeAll, expect, test } from 'vitest';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { capturePackages, ensurePackages } from '../../scripts/cluster/requirements.ts';
import { createAddressBook, type AddressOwner } from '../../src/captures/names/index.ts';
import { useCommandFolder } from '../support/commands/commandFolder.ts';
import { frameBetween } from '../support/pcapng/addressedPacket.ts';
import { bytesOf, interfaceBlock, packetBlock, sectionBlock } from '../support/pcapng/captureBytes.ts';
import { merged, sourceOf } from '../support/pcapng/captureFiles.ts';

const { at, packetCapture, read } = useCommandFolder();

/** A DNS answer: `other.example` has the address 10.0.0.2. */
const dnsAnswer = bytesOf(
  false,
  [2, 1],
  [2, 0x8180],
  ...([1, 1, 0, 0] as const).map((count) => [2, count] as const),
  new TextEncoder().encode('\u0005other\u0007example\0'),
  [2, 1],
  [2, 1],
  [2, 0xc00c],
  [2, 1],
  [2, 1],
  [4, 60],
  [2, 4],
  Uint8Array.of(10, 0, 0, 2),
);

const owners = [
  { name: 'shop/web-1', addresses: ['10.0.0.1', 'fd00::1'] },
  { name: 'shop/db.svc', addresses: ['10.0.0.2'] },
].map((owner): AddressOwner => ({ ...owner, id: owner.name, kind: 'pod', since: 0n }));

/** A capture of these interfaces, one packet of each and then a DNS answer and one more. */
async function capture(...interfaces: readonly string[]): Promise<Uint8Array> {
  const book = createAddressBook();
  for (const owner of owners) book.set(owner);
  const frames = [
    ...interfaces.map((_, index) =>
      index === 1 ? frameBetween('fd00::1', 'fd00::2') : frameBetween('10.0.0.1', '10.0.0.2'),
    ),
    frameBetween('10.0.0.9', '10.0.0.1', { payload: dnsAnswer, sourcePort: 53 }),
    frameBetween('10.0.0.1', '10.0.0.2'),
  ];
  const bytes = Buffer.concat([
    sectionBlock(true),
    ...interfaces.map((name) =>
      interfaceBlock(true, 1, 0, [
        { code: 2, value: name },
        { code: 3, value: `${name.split(':')[0] ?? ''} node=one` },
      ]),
    ),
    ...frames.map((frame, index) => packetBlock(true, index % interfaces.length, BigInt(index), frame)),
  ]);
  return merged([sourceOf(bytes)], { naming: book });
}

async function tshark(...args: readonly string[]): Promise<string[]> {
  const { stdout, stderr } = await execa('tshark', args, { env: { WIRESHARK_CONFIG_DIR: at('wireshark') } });
  expect(stderr.replace(/^Running as user "root".*$/m, '').trim()).toBe('');
  return stdout.split('\n');
}

beforeAll(async () => {
  await ensurePackages(capturePackages, stderrProgress);
  await writeFile(at('two.pcapng'), await capture('shop/web-1:eth0', 'shop/web-2:eth0'));
}, 300_000);

test('with the profile, tshark shows names of pods, their devices and nodes, and keeps the names after a DNS answer', async () => {
  const { exitCode, stderr } = await execInstall();
  expect([exitCode, stderr]).toEqual([
    0,
    [
      `wrote ${at('wireshark/profiles/packet-capture')}: preferences, colorfilters`,
      'live: packet-capture stream TYPE/NAME | wireshark -C packet-capture -k -i -',
      'a file: wireshark -C packet-capture FILE\n',
    ].join('\n'),
  ]);
  const lines = await tshark('-C', 'packet-capture', '-r', at('two.pcapng'));
  expect(lines[0]).toMatch(/ shop\/web-1:eth0 +shop\/web-1 node=one +shop\/web-1 → shop\/db\.svc +UDP /);
  expect(lines[1]).toMatch(/ shop\/web-2:eth0 +shop\/web-2 node=one +shop\/web-1 → fd00::2 +UDP /);
  expect(lines.at(-1)).toMatch(/ shop\/web-1 → shop\/db\.svc +UDP /);
  // Without the profile the DNS answer takes the place of the name.
  expect((await tshark('-N', 'nd', '-r', at('two.pcapng'))).at(-1)).toContain('→ other.example');
});

/** The names of the rules that colour the packets. */
async function rules(file: string): Promise<string[]> {
  const fields = ['-T', 'fields', '-e', 'frame.coloring_rule.name'];
  return tshark('-C', 'packet-capture', '--color', '-r', file, ...fields);
}

async function execInstall(...args: readonly string[]): ReturnType<typeof packetCapture> {
  process.env['WIRESHARK_CONFIG_DIR'] = at('wireshark');
  try {
    return await packetCapture(['wireshark-profile', '--install', ...args]);
  } finally {
    delete process.env['WIRESHARK_CONFIG_DIR'];
  }
}

test('each interface has a colour, and the eleventh that of the first; or the named pods have', async () => {
  const names = Array.from({ length: 11 }, (_, index) => `shop/pod-${index}:eth0`);
  await writeFile(at('many.pcapng'), await capture(...names));
  await execInstall();
  expect((await rules(at('many.pcapng'))).slice(0, 11)).toEqual([
    ...Array.from({ length: 10 }, (_, index) => `Interface ${index}`),
    'Interface 0',
  ]);
  const refused = await execInstall('shop/pod-10', 'shop/pod-1');
  expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining('error FILE_EXISTS')]);
  expect((await execInstall('shop/pod-10', 'shop/pod-1', '--force')).exitCode).toBe(0);
  expect((await rules(at('many.pcapng'))).slice(0, 11)).toEqual(
    names.map((_, index) => (index === 1 ? 'shop/pod-1' : index === 10 ? 'shop/pod-10' : '')),
  );
});

test('it goes into a folder of choice, once more without a change, and never over a file that is not a profile', async () => {
  const { exitCode, stderr } = await packetCapture(['wireshark-profile', '-o', 'here']);
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining('wrote here/packet-capture: ')]);
  expect(await read('here/packet-capture/preferences')).toContain('nameres.network_name: TRUE');
  expect((await packetCapture(['wireshark-profile', '-o', 'here'])).exitCode).toBe(0);
  await mkdir(at('odd/packet-capture/colorfilters'), { recursive: true });
  const odd = await packetCapture(['wireshark-profile', '-o', 'odd']);
  expect([odd.exitCode, odd.stderr]).toEqual([2, expect.stringContaining('error FILE_UNREADABLE')]);
  await expect(read('odd/packet-capture/preferences')).rejects.toThrow('ENOENT');
});

test.each([
  [['--install', '-o', 'x'], '--install and -o exclude each other'],
  [['-o', ''], 'a path is empty'],
  [['web-1'], '"web-1" is not NAMESPACE/POD'],
  [['shop/$(id)'], 'is not NAMESPACE/POD'],
  [Array.from({ length: 11 }, (_, index) => `shop/web-${index}`), 'there are 10 colours, and 11 pods are named'],
])('wireshark-profile %j is wrong usage: %s', async (args, text) => {
  const { exitCode, stderr } = await packetCapture(['wireshark-profile', ...args]);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(text)]);
});
