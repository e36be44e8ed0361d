import { createHash } from 'node:crypto';
import { chmod, link, lstat, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fetchFile, type FetchedFile } from '../../../../src/captures/download/fetchFile.ts';
import { parseListing, type RemoteFile } from '../../../../src/captures/download/listing.ts';
import { makeKubectlStart } from '../../../../src/kubernetes/kubectl.ts';
import { buildAgentProgram } from '../../../support/captures/agentProgram.ts';
import { capturedPod } from '../../../support/captures/capturedPod.ts';
import { createLocalPod } from '../../../support/captures/localPod.ts';

const content = Buffer.alloc(100, 'x');
const sha256 = createHash('sha256').update(content).digest('hex');
const file: RemoteFile = { name: 'web-1_20261123040000_00001.pcapng', bytes: content.length, open: false };
const pod = capturedPod('web-1');

let top = '';
// Once, and not in the time of the first test.
beforeAll(buildAgentProgram, 600_000);

beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'packet-capture-hostile-'));
  await mkdir(join(top, 'here'));
});
afterEach(async () => rm(top, { recursive: true }));

/**
 * Fetches from a pod that runs this script of the shell for each try; bytes that came, and how many tries there were.
 */
async function fetchFrom(
  script: string,
  wanted = file,
): Promise<FetchedFile & { readonly received: number; readonly tries: number }> {
  const program = join(top, 'kubectl');
  await writeFile(program, `#!/bin/sh\necho try >> ${top}/tries\n${script}\n`);
  await chmod(program, 0o755);
  let received = 0;
  const fetched = await fetchFile({
    start: makeKubectlStart({ program }),
    pod,
    file: wanted,
    folder: join(top, 'here'),
    onBytes: (bytes) => void (received += bytes),
  });
  const tries = (await readFile(join(top, 'tries'), 'utf8')).split('\n').length - 1;
  return { ...fetched, received, tries };
}

describe('a pod that does not send what it has listed', () => {
  test('sends more than it has listed: the rest is not read, and no file stays', async () => {
    const fetched = await fetchFrom(`echo '${sha256}  -'; exec cat /dev/zero`);
    expect(fetched).toMatchObject({
      result: 'failed',
      reason: 'it sends more than the 100 bytes that it listed',
      tries: 1,
      path: null,
    });
    expect(fetched.received).toBeLessThanOrEqual(100);
    expect(await readdir(join(top, 'here'))).toEqual([]);
  });

  test('sends the right bytes and more of them', async () => {
    expect(await fetchFrom(`echo '${sha256}  -'; printf '%0100d' 0; sleep 0.2; echo more`)).toMatchObject({
      result: 'failed',
      tries: 1,
    });
  });

  test.each([
    ['a first line without an end', 'exec cat /dev/zero'],
    ['a first line that is long', `head -c 5000 /dev/zero | tr '\\000' a; echo; printf '%0100d' 0`],
  ])('sends %s', async (_, script) => {
    expect(await fetchFrom(script)).toMatchObject({
      result: 'failed',
      reason: 'its output does not begin with a checksum',
      tries: 1,
      received: 0,
    });
  });

  test('sends all bytes repeatedly, but never the right ones', async () => {
    const fetched = await fetchFrom(`echo '${'0'.repeat(64)}  -'; printf '%0100d' 0; exit 1`);
    expect(fetched).toMatchObject({ result: 'failed', tries: 3 });
  });

  test('sends a part, and then reports that it belongs to another file, alternately', async () => {
    // Each second try brings something: it is no more than there was before.
    const fetched = await fetchFrom(
      `case $(grep -c try ${top}/tries) in *[13579]) echo '${sha256}  -'; printf '%050d' 0 ;; *) echo '${'0'.repeat(64)}  -' ;; esac; exit 1`,
    );
    expect(fetched).toMatchObject({ result: 'failed' });
    expect(fetched.tries).toBeLessThanOrEqual(6);
  });

  test('sends one byte at each attempt', async () => {
    const sum = `head -c "$offset" ${top}/here/${file.name}.part | sha256sum`;
    const script = `offset=$(stat -c %s ${top}/here/${file.name}.part); [ "$offset" = 0 ] || ${sum}; echo '${sha256}  -'; printf x; exit 1`;
    const fetched = await fetchFrom(script, { ...file, bytes: 1_000_000_000 });
    expect(fetched).toMatchObject({ result: 'failed', tries: 100 });
  }, 60_000);

  test('lists too many files', () => {
    expect(
      parseListing('{}\n1 a.pcapng\n2 a.pcapng\n99999999999999999999 b.pcapng\n-1 c.pcapng\n1e9 d.pcapng\n', 'web-1'),
    ).toEqual([{ name: 'a.pcapng', bytes: 2, open: false }]);
  });
});

describe('a folder where others may write', () => {
  const send = `echo '${sha256}  -'; printf '%0100d' 0 | tr 0 x`;
  const part = (): string => join(top, 'here', `${file.name}.part`);

  test('a symbolic link is not followed', async () => {
    await writeFile(join(top, 'precious'), 'mine');
    await symlink(join(top, 'precious'), part());
    expect(await fetchFrom(send)).toMatchObject({ result: 'downloaded', sha256 });
    expect(await readFile(join(top, 'precious'), 'utf8')).toBe('mine');
    expect((await lstat(join(top, 'here', file.name))).isFile()).toBe(true);
  });

  test('a symbolic link without a target is not followed', async () => {
    await symlink(join(top, 'new'), part());
    expect(await fetchFrom(send)).toMatchObject({ result: 'downloaded' });
    await expect(lstat(join(top, 'new'))).rejects.toThrow('ENOENT');
  });

  test('a file with a second link, and anything but a regular file, is not written to', async () => {
    await writeFile(join(top, 'other'), 'theirs');
    await link(join(top, 'other'), part());
    expect(await fetchFrom(send)).toMatchObject({ result: 'downloaded' });
    expect(await readFile(join(top, 'other'), 'utf8')).toBe('theirs');
  });

  test('a link in the place of the whole file is replaced', async () => {
    await writeFile(join(top, 'precious'), Buffer.alloc(100));
    await symlink(join(top, 'precious'), join(top, 'here', file.name));
    expect(await fetchFrom(send)).toMatchObject({ result: 'downloaded' });
    expect((await readFile(join(top, 'precious'))).equals(Buffer.alloc(100))).toBe(true);
    expect(await readFile(join(top, 'here', file.name))).toEqual(content);
  });
});

test('a real file is continued where it ended, with a part that only this user can read', async () => {
  const local = await createLocalPod();
  await writeFile(join(local.captures, file.name), content);
  await writeFile(join(local.folder, `${file.name}.part`), content.subarray(0, 40));
  const fetched = await fetchFile({
    start: local.start,
    pod: local.pod,
    file,
    folder: local.folder,
    onBytes: () => undefined,
  });
  expect(fetched).toMatchObject({ result: 'resumed', sha256 });
  expect(await readFile(join(local.folder, file.name))).toEqual(content);
  await local.remove();
});
