import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { loadImage } from '../../../scripts/cluster/images.ts';
import { pauseImage } from '../../../scripts/cluster/nodeConfig.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import {
  agentEvent,
  agentImage,
  cli,
  injectAndApply,
  kube,
  podField,
  restarts,
  sendDatagrams,
  tshark,
} from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';
import { ensureReleaseBefore, missingCommit, type NameBefore } from '../../support/upgrade/releaseBefore.ts';
import { commandBefore } from '../../support/upgrade/upgradeTools.ts';

const node = inject('node');
const namespace = useNamespace('agents-before');
const names = ['shell', 'go'] as const;
const missing = (await Promise.all(names.map(missingCommit))).find((reason) => reason !== undefined);
if (missing !== undefined) console.warn(`skipped: ${missing}`);

/** Any command line, whatever its exit code. */
type Program = (args: readonly string[]) => ReturnType<typeof cli>;

const podOf = (name: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'app', image: pauseImage, imagePullPolicy: 'Never' }],
    },
  });

/** A pod with the sidecar of a release from before, as its own command line writes it. */
async function podBefore(name: NameBefore): Promise<void> {
  const before = await ensureReleaseBefore(name, stderrProgress);
  for (const archive of before.archives) await loadImage(node, archive, stderrProgress);
  const { exitCode, stdout, stderr } = await commandBefore(
    before,
    ['inject', '-f', '-', '--image', before.agentImage],
    podOf(name),
  );
  expect(exitCode, stderr).toBe(0);
  await kube(['apply', '-f', '-'], stdout);
}

beforeAll(async () => {
  if (missing !== undefined) return;
  for (const name of names) await podBefore(name);
  await injectAndApply(podOf('now'), '--image', agentImage);
  for (const pod of [...names, 'now']) {
    await kube(['wait', '-n', namespace, `pod/${pod}`, '--for=condition=Ready', '--timeout=120s']);
    await agentEvent(namespace, pod, 'started');
  }
}, 900_000);

/**
 * `1 CAPTURE_UNCONFIRMED, older`: the exit code, the code of the error, how many captures a stream had, and whether the
 * agent is said to be too old.
 */
function answerOf({ exitCode, stdout, stderr }: Awaited<ReturnType<Program>>): string {
  const [code] = /\b[A-Z]+_[A-Z_]+\b/.exec(stderr) ?? [];
  const [captures] = /\b\d+ captures?\b/.exec(/^\d+ packets?, .*/m.exec(stderr)?.[0] ?? '') ?? [];
  const isOlder = /is older than this program|does not know (?:this command|it)/.test(`${stdout}${stderr}`);
  const words = [
    [exitCode, code].filter((word) => word !== undefined).join(' '),
    captures,
    isOlder ? 'older' : undefined,
  ];
  return words.filter((word) => word !== undefined).join(', ');
}

/**
 * What a command line says when it is used on a pod, command by command. Packets arrive meanwhile. `longest`: the
 * milliseconds of the slowest command.
 */
async function answersOn(
  pod: string,
  program: Program,
  commands: readonly string[],
): Promise<{ readonly answers: Record<string, string>; readonly folder: string; readonly longest: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-test-'));
  const address = await podField(namespace, pod, '.status.podIP');
  const rest: Readonly<Record<string, readonly string[]>> = {
    start: ['--filter', 'udp port 9999', '--timeout', '30s'],
    stop: ['--timeout', '30s'],
    stream: ['--duration', '3s', '-o', join(folder, 'stream.pcapng')],
    attach: ['--duration', '3s', '--image', agentImage, '-o', join(folder, 'attach.pcapng')],
    keep: ['--last', '5m', '--timeout', '30s'],
    download: ['-o', join(folder, 'files')],
    why: ['-o', 'json'],
  };
  const answers: Record<string, string> = {};
  let longest = 0;
  for (const line of commands) {
    const [command = '', ...more] = line.split(' ');
    const begun = performance.now();
    const ended = new AbortController();
    const asked = program([command, pod, '-n', namespace, ...(more.length > 0 ? more : (rest[command] ?? []))]).finally(
      () => {
        ended.abort();
        longest = Math.max(longest, performance.now() - begun);
      },
    );
    while (!ended.signal.aborted) await sendDatagrams(address, 9999, 10, 50);
    const answer = await asked;
    answers[line] = answerOf(answer);
    console.log(`${pod}: ${line}: ${answers[line]}\n${answer.stderr.trim().split('\n').slice(-6).join('\n')}`);
  }
  return { answers, folder, longest };
}

/** A setting that came with `keep`. */
const newSetting = 'start --keep-size 32Mi';
const all = ['status', 'start', 'stream', 'keep', 'download', 'attach', 'stop', 'why'];

describe.skipIf(missing !== undefined)('pods of a release from before', () => {
  test('with the agent in Go are captured by this command line; what they do not know is said', async () => {
    const { answers, folder } = await answersOn('go', cli, [...all.slice(0, -2), newSetting, ...all.slice(-2)]);
    expect(answers).toEqual({
      status: '0',
      start: '0',
      stream: '0, 1 capture',
      keep: '1 NOT_KEPT, older',
      download: '0',
      attach: '0, 1 capture',
      [newSetting]: '1 CAPTURE_UNCONFIRMED, older',
      stop: '0',
      why: '0',
    });
    for (const file of ['stream.pcapng', 'attach.pcapng'])
      expect((await tshark(join(folder, file), ['udp.dstport'], 'udp.port == 9999')).length, file).toBeGreaterThan(0);
  });

  test('with the agent in shell are said to be too old, at once; they follow their annotations', async () => {
    const { answers, folder, longest } = await answersOn('shell', cli, all);
    expect(answers).toEqual({
      status: '1, older',
      start: '1 CAPTURE_UNCONFIRMED, older',
      stream: '1 AGENT_TOO_OLD, older',
      keep: '1 NOT_KEPT, older',
      download: '1 DOWNLOAD_INCOMPLETE, older',
      attach: '1 AGENT_TOO_OLD, older',
      stop: '1 CAPTURE_UNCONFIRMED, older',
      why: '0',
    });
    expect(longest, 'no command waits for its --timeout, 30 s').toBeLessThan(25_000);
    const before = await ensureReleaseBefore('shell', stderrProgress);
    const status = await commandBefore(before, ['status', 'shell', '-n', namespace, '-o', 'json']);
    expect(status.stdout).toMatch(/"filter": ?"udp port 9999"/);
    // As the hint of `download` says.
    await kube(['cp', '-c', 'packet-capture', `${namespace}/shell:/captures`, join(folder, 'copied')]);
    const files = (await readdir(join(folder, 'copied'))).filter((name) => name.endsWith('.pcapng'));
    expect(files.length).toBeGreaterThan(0);
    const ports = files.map(async (file) => tshark(join(folder, 'copied', file), ['udp.dstport'], 'udp.port == 9999'));
    expect((await Promise.all(ports)).flat().length).toBeGreaterThan(0);
  });

  test('command lines from before say what they make of pods of this release', async () => {
    const seen: Record<string, Record<string, string>> = {};
    for (const name of names) {
      const before = await ensureReleaseBefore(name, stderrProgress);
      const commands = ['status', 'start', 'stream', 'download', 'stop', 'why'];
      const { answers } = await answersOn('now', async (args) => commandBefore(before, args), commands);
      seen[name] = answers;
    }
    const works = { status: '0', start: '0', stream: '0, 1 capture', download: '0', stop: '0', why: '0' };
    // Its stream starts a program of the shell's image, and says at each attempt that it could not.
    expect(seen).toEqual({ shell: { ...works, stream: '0, 0 captures' }, go: works });
  });

  test('no pod was restarted by any of it', async () => {
    for (const pod of [...names, 'now']) expect(await restarts(namespace, pod), pod).toBe(0);
  });
});
