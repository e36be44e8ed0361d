import { rmSync } from 'node:fs';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { downloadFiles, mergeInto, type DownloadResult } from '../../../../src/captures/download/index.ts';
import { thisMoment, type WindowEnd } from '../../../../src/captures/index.ts';
import type { Kubectl, KubectlStart } from '../../../../src/kubernetes/kubectl.ts';
import { toNanoseconds } from '../../../../src/pcapng/index.ts';
import { formatTime, parseTime, timeInName } from '../../../../src/time.ts';
import { buildAgentProgram } from '../../../support/captures/agentProgram.ts';
import { createLocalPod, type LocalPod } from '../../../support/captures/localPod.ts';
import { interfaceBlock, packetBlock, sectionBlock, udpFrame } from '../../../support/pcapng/captureBytes.ts';
import { readAll } from '../../../support/pcapng/captureFiles.ts';

const second = 1_000_000_000n;
const names = ['web-1', 'web-2'] as const;
let pods: Record<string, LocalPod>;
let folder: string;

beforeAll(buildAgentProgram, 600_000);
beforeEach(async () => {
  pods = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await createLocalPod()] as const)));
  folder = join(pods['web-1']?.folder ?? '', 'captures');
});
afterEach(async () => {
  for (const pod of Object.values(pods)) await pod.remove();
});

function podOf(name: string | undefined): LocalPod {
  const pod = pods[name ?? ''];
  if (pod === undefined) throw new Error(`there is no pod ${name}`);
  return pod;
}

/** A cluster of the two pods; each command runs by the real agent's program. `shift`: seconds of the pods' clock. */
function cluster(shift = 0n): { readonly kubectl: Kubectl; readonly start: KubectlStart } {
  const items = names.map((name) => ({
    metadata: { name, namespace: 'shop', uid: name },
    spec: { containers: [], initContainers: [{ name: 'packet-capture', image: 'agent' }] },
    status: { phase: 'Running', initContainerStatuses: [{ name: 'packet-capture', state: { running: {} } }] },
  }));
  return {
    kubectl: async (args, call) => {
      if (args[0] === 'get') return { stdout: JSON.stringify({ items }), stderr: '' };
      const { stdout, stderr } = await podOf(args[1]).kubectl(args, call);
      const shifted = stdout.replace(
        /^now (.*)$/m,
        (_, now: string) => `now ${formatTime((parseTime(now) ?? 0n) + shift * second)}`,
      );
      return { stdout: shifted, stderr };
    },
    start: (args, options) => podOf(args[1]).start(args, options),
  };
}

function capture(times: readonly bigint[]): Uint8Array {
  return Buffer.concat([
    sectionBlock(true, [{ code: 1, value: 'settings' }]),
    interfaceBlock(true, 1, 0, [
      { code: 2, value: 'eth0' },
      { code: 9, value: Uint8Array.of(9) },
    ]),
    ...times.map((time) => packetBlock(true, 0, time, udpFrame(`${time}`))),
  ]);
}

/** Writes a file as the agent would, opened when its first packet came. */
async function writeCapture(pod: string, number: number, times: readonly bigint[]): Promise<string> {
  const stamp = timeInName(((times[0] ?? 0n) / second) * second).replace(/[TZ]/g, '');
  const name = `${pod}_${stamp}_${`${number}`.padStart(5, '0')}.pcapng`;
  await writeFile(join(podOf(pod).captures, name), capture(times));
  return name;
}

const keepIds = ['20261129T030500Z', '20261129T030500Z-2', '20261129T030600Z'] as const;

/** Links a file of web-2 into a keep, as its agent does. */
async function keepFile(id: string, name: string): Promise<void> {
  const { captures } = podOf('web-2');
  const own = join(captures, 'kept', id);
  await mkdir(own, { recursive: true });
  await writeFile(join(own, 'keep.json'), `${JSON.stringify({ id, reason: 'payments fail' })}\n`);
  await link(join(captures, name), join(own, name));
}

async function setOpen(pod: string, name: string): Promise<void> {
  const agent = join(podOf(pod).captures, '.agent');
  await mkdir(agent, { recursive: true });
  await writeFile(join(agent, 'status.json'), JSON.stringify({ state: 'capturing', file: `/captures/${name}` }));
}

async function download(
  from: WindowEnd,
  to: WindowEnd,
  shift = 0n,
  reached = cluster(shift),
): Promise<DownloadResult & { readonly said: string[] }> {
  const said: string[] = [];
  const result = await downloadFiles({
    ...reached,
    target: { selector: 'app=web', namespace: 'shop' },
    folder,
    openFiles: false,
    window: { from, to, asked: thisMoment() },
    onProgress: () => undefined,
    onFile: () => undefined,
    onWindow: ({ pod, note }) => said.push(`${pod}: ${note}`),
  });
  return { ...result, said };
}

function timesIn(bytes: Uint8Array): bigint[] {
  return readAll([bytes]).records.flatMap((record) =>
    record.type === 'packet' ? toNanoseconds(record.ticks, record.interface.resolution) : [],
  );
}

/** The times of all packets that are here, by pod. */
async function timesHere({ files }: DownloadResult): Promise<Record<string, bigint[]>> {
  const all = Object.fromEntries(names.map((name): [string, bigint[]] => [name, []]));
  for (const { pod, path } of files) if (path !== null) all[pod]?.push(...timesIn(await readFile(path)));
  return all;
}

const start = 1_795_921_500n * second;

describe('a download of a window', () => {
  test('by two users at once into one folder has the packets of the window for both, of an open file too', async () => {
    const times = [1n, 2n, 3n, 4n].map((number) => start + number * second);
    await writeCapture('web-1', 1, times);
    await setOpen('web-2', await writeCapture('web-2', 1, times));
    const inner = times.slice(1, 3);
    const [from, to] = [{ at: start + 2n * second }, { at: start + 4n * second }];
    const results = await Promise.all([download(from, to), download(from, to), download(from, to)]);
    for (const result of results) expect(await timesHere(result)).toEqual({ 'web-1': inner, 'web-2': inner });
    for (const name of names) expect(await readdir(join(folder, name))).toEqual([expect.stringContaining('_2')]);
  });

  test('has exactly the packets of the window from all files of all pods, also when they are merged', async () => {
    const gaps = fc.array(fc.bigInt({ min: 1n, max: second }), { minLength: 1, maxLength: 6 });
    const ring = fc.array(gaps, { minLength: 1, maxLength: 5 });
    const samples = fc.sample(fc.record({ rings: fc.tuple(ring, ring), from: fc.nat(), to: fc.nat() }), {
      numRuns: 4,
      seed: 16,
    });
    for (const [run, { rings, from, to }] of samples.entries()) {
      folder = join(podOf('web-1').folder, `run-${run}`);
      const times: Record<string, bigint[]> = {};
      for (const [index, pod] of names.entries()) {
        for (const old of await readdir(podOf(pod).captures))
          await writeFile(join(podOf(pod).captures, old), capture([]));
        let time = start + BigInt(run) * 3600n * second;
        const files = (rings[index] ?? []).map((file) => file.map((gap) => (time += gap)));
        for (const [number, file] of files.entries()) await writeCapture(pod, run * 10 + number + 1, file);
        times[pod] = files.flat();
      }
      const all = Object.values(times).flat().toSorted(compare);
      const [a, b] = [from, to].map((at) => all[at % all.length] ?? 0n).toSorted(compare) as [bigint, bigint];
      const result = await download({ at: a }, { at: b });
      const inWindow = (time: bigint): boolean => time >= a && time < b;
      expect(await timesHere(result)).toEqual(
        Object.fromEntries(names.map((pod) => [pod, times[pod]?.filter(inWindow)])),
      );
      expect(result.files.reduce((sum, { window }) => sum + (window?.packets ?? 0), 0)).toBe(
        all.filter(inWindow).length,
      );
      const local = result.files.flatMap((file) => (file.path === null ? [] : [{ ...file, path: file.path }]));
      if (local.length === 0) continue;
      await mergeInto(join(folder, 'all.pcapng'), local, 'test');
      expect(timesIn(await readFile(join(folder, 'all.pcapng')))).toEqual(all.filter(inWindow));
    }
  });

  test('has each packet once, whether its file is in the ring, in a keep or several, or in both', async () => {
    const gaps = fc.array(fc.bigInt({ min: 1n, max: second }), { minLength: 1, maxLength: 4 });
    // The keeps that have the file; and whether the ring has it still.
    const file = fc.record({ gaps, keeps: fc.subarray<string>([...keepIds]), inRing: fc.boolean() });
    const sample = fc.record({ files: fc.array(file, { minLength: 4, maxLength: 8 }), from: fc.nat(), to: fc.nat() });
    const { captures, folder: here } = podOf('web-2');
    for (const [run, { files, from, to }] of fc.sample(sample, { numRuns: 3, seed: 16 }).entries()) {
      folder = join(here, `run-${run}`);
      for (const old of await readdir(captures)) await rm(join(captures, old), { recursive: true });
      let time = start;
      const there: bigint[] = [];
      for (const [number, each] of files.entries()) {
        const times = each.gaps.map((gap) => (time += gap));
        const name = await writeCapture('web-2', number + 1, times);
        for (const id of each.keeps) await keepFile(id, name);
        if (!each.inRing) await rm(join(captures, name));
        if (each.inRing || each.keeps.length > 0) there.push(...times);
      }
      const [a, b] = [from, to].map((at) => there[at % there.length] ?? 0n).toSorted(compare) as [bigint, bigint];
      // The last packet is in it, too.
      const end = run === 0 ? time + 1n : b;
      const result = await download({ at: a }, { at: end });
      expect((await timesHere(result))['web-2']).toEqual(there.filter((each) => each >= a && each < end));
    }
  });

  test('has a kept file also when the ring removes it after it was listed', async () => {
    const { captures } = podOf('web-2');
    const times = [start, start + second];
    const name = await writeCapture('web-2', 1, times);
    await keepFile(keepIds[0], name);
    const { kubectl, start: startPod } = cluster();
    const lateRing: KubectlStart = (args, options) => {
      rmSync(join(captures, name), { force: true });
      return startPod(args, options);
    };
    const result = await download({ at: start }, { at: start + 9n * second }, 0n, { kubectl, start: lateRing });
    expect(result.files).toMatchObject([{ file: `kept/${keepIds[0]}/${name}`, result: 'downloaded' }]);
    expect((await timesHere(result))['web-2']).toEqual(times);
  });

  test('cuts the files at both ends and gives them other names, and does not change the files in between', async () => {
    const files = await Promise.all(
      [1, 2, 3].map(async (number) =>
        writeCapture(
          'web-1',
          number,
          [0n, 1n, 2n].map((more) => start + (BigInt(number) * 10n + more) * second),
        ),
      ),
    );
    const result = await download({ at: start + 11n * second }, { at: start + 31n * second });
    const here = (await readdir(join(folder, 'web-1'))).toSorted();
    const span = '20261129T030511Z-20261129T030531Z';
    expect(here).toEqual([
      `${files[0]?.replace('.pcapng', '')}_${span}.pcapng`,
      files[1],
      `${files[2]?.replace('.pcapng', '')}_${span}.pcapng`,
    ]);
    expect(result.files.map(({ result: kind, window }) => ({ kind, ...window }))).toEqual([
      { kind: 'downloaded', packets: 2, outside: 1 },
      { kind: 'downloaded', packets: 3, outside: 0 },
      { kind: 'downloaded', packets: 1, outside: 2 },
    ]);
    const [cut] = readAll([await readFile(join(folder, 'web-1', here[0] ?? ''))]).records;
    expect(cut).toMatchObject({ type: 'section', options: [{ code: 1 }] });
    expect(result.windows).toContainEqual({
      namespace: 'shop',
      pod: 'web-1',
      from: '2026-11-29T03:05:11Z',
      to: '2026-11-29T03:05:31Z',
      begins: null,
      clockAhead: 0,
      note: null,
    });

    // A file that was here before stays, and is not fetched again.
    await writeFile(
      join(folder, 'web-1', files[0] ?? ''),
      await readFile(join(podOf('web-1').captures, files[0] ?? '')),
    );
    const again = await download({ at: start + 11n * second }, { at: start + 12n * second });
    expect(again.files.map(({ result: kind }) => kind)).toEqual(['present']);
    expect(await readdir(join(folder, 'web-1'))).toContain(files[0]);
  });

  test('until now includes the file that is still being written, up to its last whole packet', async () => {
    const now = BigInt(Date.now()) * 1_000_000n;
    const times = [-400n, -200n, -100n].map((ago) => now + ago * second);
    const name = await writeCapture('web-2', 1, times);
    await writeFile(
      join(podOf('web-2').captures, name),
      Buffer.concat([capture(times), packetBlock(true, 0, now, new Uint8Array(90)).subarray(0, 60)]),
    );
    await setOpen('web-2', name);
    const result = await download({ secondsAgo: 300 }, { secondsAgo: 0 });
    expect((await timesHere(result))['web-2']).toEqual(times.slice(1));
    expect(result.windows.find(({ pod }) => pod === 'web-2')?.begins).toBe(null);
    const [older] = (await download({ secondsAgo: 500 }, { secondsAgo: 300 })).windows.filter(
      ({ pod }) => pod === 'web-2',
    );
    expect(older?.begins).toBe(formatTime(((times[0] ?? 0n) / second) * second));
  });

  test("uses the pod's clock, and a difference of more than a second is reported", async () => {
    const hour = 3600n;
    const now = BigInt(Date.now()) * 1_000_000n + hour * second;
    await writeCapture(
      'web-1',
      1,
      [-90n, -30n, -10n].map((ago) => now + ago * second),
    );
    const result = await download({ secondsAgo: 60 }, { secondsAgo: 20 }, hour);
    expect(result.files.map(({ window }) => window)).toEqual([{ packets: 1, outside: 2 }]);
    expect(result.said).toContainEqual(
      expect.stringMatching(/^web-1: its clock is 3(?:600|59\d)\.\d s ahead of this machine's/),
    );
    expect(result.windows[0]?.clockAhead).toBeGreaterThan(3590);
  });

  test('leaves no file when it has no packets; a file that is not a capture stays whole and is reported', async () => {
    await writeCapture('web-1', 1, [start, start + 9n * second]);
    await writeFile(join(podOf('web-2').captures, 'odd.pcapng'), 'this is no capture file');
    const { files } = await download({ at: start + second }, { at: start + 2n * second });
    expect(files).toMatchObject([
      { pod: 'web-1', result: 'outside', path: null, window: { packets: 0, outside: 2 } },
      { pod: 'web-2', result: 'failed', path: null, reason: expect.stringMatching(/cannot be cut.*odd\.pcapng/) },
    ]);
    expect(await readdir(join(folder, 'web-1'))).toEqual([]);
    expect(await readFile(join(folder, 'web-2', 'odd.pcapng'), 'utf8')).toBe('this is no capture file');
  });
});

describe('a download of kept files', () => {
  const downloadKept = async (kept: 'all' | { readonly id: string }): Promise<DownloadResult> =>
    downloadFiles({
      ...cluster(),
      target: { selector: 'app=web', namespace: 'shop' },
      folder,
      openFiles: false,
      kept,
      onProgress: () => undefined,
      onFile: () => undefined,
    });

  test('brings the files of all keeps, or of one, and the note of each; not the ring', async () => {
    const [first, second_, third] = await Promise.all(
      [1n, 2n, 3n].map(async (number) => writeCapture('web-2', Number(number), [start + number * second])),
    );
    for (const name of [first, second_]) await keepFile(keepIds[0], name ?? '');
    await keepFile(keepIds[1], second_ ?? '');
    await rm(join(podOf('web-2').captures, first ?? ''));
    const one = await downloadKept({ id: keepIds[1] });
    expect(one.files.map(({ file, result }) => [file, result])).toEqual([
      [`kept/${keepIds[1]}/${second_}`, 'downloaded'],
      [`kept/${keepIds[1]}/keep.json`, 'downloaded'],
    ]);
    const { files } = await downloadKept('all');
    expect(files.map(({ file, result }) => [file, result])).toEqual([
      [`kept/${keepIds[0]}/${first}`, 'downloaded'],
      [`kept/${keepIds[0]}/${second_}`, 'downloaded'],
      [`kept/${keepIds[0]}/keep.json`, 'downloaded'],
      [`kept/${keepIds[1]}/${second_}`, 'present'],
      [`kept/${keepIds[1]}/keep.json`, 'downloaded'],
    ]);
    for (const { path, file } of files)
      expect(await readFile(path ?? '')).toEqual(await readFile(join(podOf('web-2').captures, file)));
    const here = await readdir(join(folder, 'web-2'), { recursive: true });
    expect(here.filter((name) => name.includes(third ?? ''))).toEqual([]);
    expect((await downloadKept({ id: 'another' })).files).toEqual([]);
  });
});

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b);
}
