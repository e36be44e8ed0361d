import { stat, writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import { beforeAll, expect, test } from 'vitest';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { capturePackages, ensurePackages } from '../../scripts/cluster/requirements.ts';
import { createAddressBook, type AddressBook, type AddressOwner } from '../../src/captures/names/index.ts';
import { createLiveMerge } from '../../src/pcapng/index.ts';
import { useCommandFolder } from '../support/commands/commandFolder.ts';
import { frameBetween } from '../support/pcapng/addressedPacket.ts';
import { interfaceBlock, packetBlock, sectionBlock } from '../support/pcapng/captureBytes.ts';
import { merged, sourceOf } from '../support/pcapng/captureFiles.ts';

const { at } = useCommandFolder();

beforeAll(async () => {
  await ensurePackages(capturePackages, stderrProgress);
}, 300_000);

const pod = (name: string, address: string): AddressOwner => ({
  id: name,
  kind: 'pod',
  name: `shop/${name}`,
  addresses: [address],
  since: 0n,
});

/** Source and destination of each packet. */
async function ends(file: string, ...flags: readonly string[]): Promise<string[]> {
  const fields = ['-T', 'fields', '-e', '_ws.col.Source', '-e', '_ws.col.Destination'];
  const { stdout } = await execa('tshark', ['-N', 'n', ...flags, '-r', file, ...fields]);
  return stdout.split('\n').map((line) => line.replace('\t', ' '));
}

const head = Buffer.concat([sectionBlock(true), interfaceBlock(true, 1, 0)]);

test('tshark shows a name for the time that an address has its owner; at the end, for good, if there was one owner', async () => {
  const book = createAddressBook();
  const merge = createLiveMerge({ windowMs: 200, mostBytes: 1_000_000, naming: book });
  const source = merge.add('shop/a', () => ({ name: 'shop/a:eth0' }));
  source.push(head, 0);
  let time = 0;
  const exchange = (from: string, to: string): Uint8Array => {
    time += 1000;
    source.push(packetBlock(true, 0, BigInt(time) * 1000n, frameBetween(from, to)), time);
    return merge.take(time + 200);
  };
  const pieces: Uint8Array[] = [];
  for (const owner of [pod('a', '10.0.0.1'), pod('b', '10.0.0.2'), pod('c', 'fd00::3')]) book.set(owner);
  pieces.push(exchange('10.0.0.1', '10.0.0.2'), exchange('fd00::1', 'fd00::3'));
  for (const name of ['b', 'c']) book.remove('pod', name);
  pieces.push(exchange('10.0.0.1', '10.0.0.2'), exchange('fd00::1', 'fd00::3'));
  book.set(pod('d', '10.0.0.2'));
  pieces.push(exchange('10.0.0.1', '10.0.0.2'), merge.takeAll());
  const file = at('live.pcapng');
  await writeFile(file, Buffer.concat(pieces));
  expect(await ends(file)).toEqual([
    'shop/a shop/b',
    'fd00::1 shop/c',
    'shop/a 10.0.0.2',
    'fd00::1 fd00::3',
    'shop/a 10.0.0.2',
  ]);
  // Two passes, as in Wireshark's window: the last name of an address holds for all packets.
  expect(await ends(file, '-2')).toEqual([
    'shop/a 10.0.0.2',
    'fd00::1 shop/c',
    'shop/a 10.0.0.2',
    'fd00::1 shop/c',
    'shop/a 10.0.0.2',
  ]);
  await execa('editcap', ['-F', 'pcapng', file, at('copy.pcapng')]);
});

/** One file of the ring: 16 MiB, between one pod and a hundred others. */
function ringFile(): Uint8Array {
  const payload = new Uint8Array(700);
  const count = Math.floor((16 * 1024 * 1024) / (payload.length + 42 + 32));
  const packets = Array.from({ length: count }, (_, index) => {
    const [pair, other] = ['10.244.0.1', `10.244.1.${(index % 100) + 1}`];
    const [from, to] = index % 2 === 0 ? [pair, other] : [other, pair];
    return packetBlock(true, 0, BigInt(index), frameBetween(from, to, { payload }));
  });
  return Buffer.concat([head, ...packets]);
}

function bookOfCluster(pods: number): AddressBook {
  const book = createAddressBook();
  book.set(pod('checkout-7c9d8f6b5-x2x4z', '10.244.0.1'));
  for (let index = 0; index < pods; index += 1)
    book.set(pod(`checkout-7c9d8f6b5-${index}`.padEnd(24, 'z'), `10.244.${(index >> 8) + 1}.${(index & 255) + 1}`));
  return book;
}

test('names add less than 0.1 % to a file of the ring with a hundred peers in a cluster of 5,000 pods', async () => {
  const bytes = ringFile();
  const book = bookOfCluster(5000);
  const [plain, named] = [await merged([sourceOf(bytes)]), await merged([sourceOf(bytes)], { naming: book })];
  expect(book.named).toBe(101);
  expect(named.length).toBeGreaterThan(plain.length);
  expect((named.length - plain.length) / plain.length).toBeLessThan(0.001);
  await writeFile(at('ring.pcapng'), named);
  expect((await stat(at('ring.pcapng'))).size).toBe(named.length);
  const shown = new Set((await ends(at('ring.pcapng'))).flatMap((line) => line.split(' ')));
  expect(shown.size).toBe(101);
  expect([...shown].filter((name) => !name.startsWith('shop/checkout-'))).toEqual([]);
});
