import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { thisMoment } from '../../../../src/captures/index.ts';
import {
  keepPods,
  watchPods,
  type KeepPodsOptions,
  type KeepProgress,
  type WatchedKeep,
} from '../../../../src/captures/keep/index.ts';
import { keepValue } from '../../../../src/captures/keep/keepValue.ts';
import { codedError } from '../../../../src/errors.ts';
import type { Event, Pod } from '../../../../src/kubernetes/api/types.ts';
import type { Kubectl } from '../../../../src/kubernetes/kubectl.ts';
import { formatTime, millisecondsToNanoseconds, parseTime } from '../../../../src/time.ts';

const keepAnnotation = 'packet-capture/keep';

/** What an agent is, by the annotation that it has; undefined: it does not see the annotation. */
type Agent = (value: string) => { readonly keeps?: readonly object[]; readonly status?: object } | undefined;

interface World {
  readonly agents: Readonly<Record<string, Agent>>;
  readonly attached?: boolean;
  /** Seconds by which the pods' clock is ahead. */
  readonly ahead?: number;
  readonly fails?: Error;
  /** After so many questions for a note the pod is gone. */
  readonly goneAfter?: number;
  /** Of the namespace, or why they may not be listed. */
  readonly events?: readonly Event[] | Error;
}

const note = (value: string, rest: object = {}): { readonly id: string } & Record<string, unknown> => {
  const [from = '', to = ''] = value.split(' ')[0]?.split('/') ?? [];
  const counts = { files: [{}, {}], bytes: 2048, packets: 7, dropped: 0, complete: true };
  return { id: 'ID-2', from, to, requestedAt: to, ...counts, ended: to, ...rest };
};

/** An agent that keeps what it is asked for, next to an older keep. */
const keeps: Agent = (value) => ({
  keeps: [note('2026-01-01T00:00:00Z/2026-01-01T00:00:01Z', { id: 'ID' }), note(value)],
});

function podObject(name: string, attached: boolean): Pod {
  const container = { name: 'packet-capture', image: 'agent', command: ['agent', 'run', '--attached'] };
  const statuses = [{ name: 'packet-capture', state: { running: {} } }];
  return {
    metadata: { name, namespace: 'shop', uid: `uid-${name}` },
    spec: { containers: [], ...(attached ? { ephemeralContainers: [container] } : { initContainers: [container] }) },
    status: { phase: 'Running', [attached ? 'ephemeralContainerStatuses' : 'initContainerStatuses']: statuses },
  };
}

interface Bench {
  readonly options: KeepPodsOptions;
  /** Annotations and commands, as they came. */
  readonly sent: string[];
  readonly lines: string[];
}

/** A cluster of pods. */
function bench(
  { agents, attached = false, ahead = 0, fails, goneAfter = Infinity, events = [] }: World,
  changed: Partial<KeepPodsOptions> = {},
): Bench {
  const annotations = new Map<string, string>();
  const sent: string[] = [];
  const lines: string[] = [];
  let notes = 0;
  const seenBy = (name: string): ReturnType<Agent> => {
    const value = annotations.get(name);
    return value === undefined ? undefined : agents[name]?.(value);
  };
  const status = (name: string): object => {
    const seen = seenBy(name);
    const ids = (seen?.keeps ?? []).map((keep) => (keep as { readonly id: string }).id);
    return {
      state: 'capturing',
      settings: { keep: seen === undefined ? '' : annotations.get(name) },
      invalid: [],
      kept: { keeps: ids.length, ids, lasting: [] },
      ...seen?.status,
    };
  };
  const execute = (name: string, command: string, input: string): { stdout: string; stderr: string } => {
    if (command.endsWith('agent keep')) {
      sent.push(`${name} command ${input}`);
      const { from, to } = JSON.parse(input) as { from: string; to: string };
      return answer(note(`${from}/${to}`));
    }
    if (command.endsWith('--list')) {
      const now = formatTime(millisecondsToNanoseconds(Date.now() + ahead * 1000));
      return { stdout: `{"state":"capturing"}\nnow ${now}\n9 ${name}_20261129000000_00001.pcapng\n`, stderr: '' };
    }
    const [, id] = /kept\/(.*)\/keep\.json$/.exec(command) ?? [];
    if (id === undefined) return answer(status(name));
    notes += 1;
    if (notes > goneAfter) throw codedError('NOT_FOUND', `pods "${name}" not found`);
    const found = seenBy(name)?.keeps?.find((keep) => (keep as { readonly id: string }).id === id);
    return { stdout: `checksum\n${JSON.stringify(found)}`, stderr: '' };
  };
  const kubectl: Kubectl = async (args, call) => {
    if (args.join(' ').includes('/events')) {
      if (events instanceof Error) throw events;
      return answer({ items: events });
    }
    if (args[0] === 'get') return answer({ items: Object.keys(agents).map((name) => podObject(name, attached)) });
    const name = (args[1] ?? '').replace('pod/', '');
    if (args[0] === 'exec') return execute(name, args.join(' '), call?.input ?? '');
    if (fails !== undefined) throw fails;
    const file = args.find((arg) => arg.startsWith('--patch-file='))?.slice('--patch-file='.length) ?? '';
    const { metadata } = JSON.parse(await readFile(file, 'utf8')) as {
      metadata: { annotations: Record<string, string> };
    };
    const wanted = metadata.annotations[keepAnnotation];
    const dry = args.includes('--dry-run=server');
    sent.push(`${name} ${wanted ?? 'refresh'}${dry ? ' dry' : ''}`);
    if (wanted !== undefined && !dry) annotations.set(name, wanted);
    return answer({ metadata: { name } });
  };
  const options: KeepPodsOptions = {
    kubectl,
    target: { selector: 'app=web', namespace: 'shop' },
    window: { from: { secondsAgo: 600 }, to: { secondsAgo: 0 }, asked: thisMoment() },
    andSeconds: 120,
    reason: 'payments fail',
    by: 'alice',
    timeoutSeconds: 1,
    dryRun: false,
    wait: true,
    report: (line) => lines.push(line),
    ...changed,
  };
  return { options, sent, lines };
}

function answer(value: object): { stdout: string; stderr: string } {
  return { stdout: JSON.stringify(value), stderr: '' };
}

const seconds = (from: string | null, to: string | null): number =>
  Number((parseTime(to ?? '') ?? 0n) - (parseTime(from ?? '') ?? 0n)) / 1e9;

// They wait most of the time.
describe.concurrent('keepPods', () => {
  test('asks the sidecars by the annotation, in their own clock, and waits for them', async () => {
    const { options, sent, lines } = bench({ agents: { 'web-1': keeps, 'web-2': keeps }, ahead: 3600 });
    const { pods } = await keepPods(options);
    expect(pods).toMatchObject(
      ['web-1', 'web-2'].map((pod) => ({
        pod,
        result: 'kept',
        kept: { id: 'ID-2', files: 2, packets: 7 },
        problem: null,
      })),
    );
    const [first] = pods;
    expect(seconds(first?.from ?? '', first?.to ?? '')).toBe(720);
    expect(sent).toContain(`web-1 ${first?.from}/${first?.to} payments fail (by alice)`);
    expect(Math.abs(seconds(new Date().toISOString(), first?.to ?? '') - 3720)).toBeLessThan(10);
    expect(lines).toContainEqual(expect.stringMatching(/^shop\/web-2: its clock is 3(?:600|59\d)\.\d s ahead/));
    expect(first?.begins).toBe(null);
  });

  test('asks attached agents by a command that has the user and the reason', async () => {
    const { options, sent } = bench({ agents: { 'web-1': keeps }, attached: true });
    const [pod] = (await keepPods(options)).pods;
    expect(pod).toMatchObject({ result: 'kept', kept: { id: 'ID-2', files: 2, packets: 7 } });
    expect(sent).toEqual([
      `web-1 command ${JSON.stringify({ from: pod?.from, to: pod?.to, reason: 'payments fail', by: 'alice' })}\n`,
    ]);
  });

  test('stores nothing in a dry run', async () => {
    const { options, sent } = bench({ agents: { 'web-1': keeps } }, { dryRun: true });
    const [pod] = (await keepPods(options)).pods;
    expect(pod).toMatchObject({ result: 'dry-run', kept: null });
    expect(sent).toEqual([expect.stringMatching(/^web-1 .* dry$/)]);
    const command = bench({ agents: { 'web-1': keeps }, attached: true }, { dryRun: true });
    expect((await keepPods(command.options)).pods[0]).toMatchObject({ result: 'dry-run' });
    expect(command.sent).toEqual([]);
  });

  test.each<[string, Agent, string]>([
    [
      'refuses',
      (value) => ({ status: { invalid: [{ setting: 'keep', value, reason: 'too long' }] } }),
      'its agent refuses: too long',
    ],
    ['has not done it in time', () => ({}), 'not after 1s: its agent has not kept them yet'],
    [
      'has not done it, and why',
      () => ({ status: { lastError: { time: 't', reason: 'keep: no space left on device' } } }),
      'its agent has not kept them yet; its last error: keep: no space left on device',
    ],
    ['does not see the annotation', () => undefined, 'not after 1s: its agent has not seen the annotation yet'],
    [
      'has kept another window',
      () => ({ keeps: [note('2026-01-01T00:00:00Z/2026-01-01T00:00:01Z')] }),
      'its agent has not kept them yet',
    ],
    ['is older', () => ({ status: { kept: undefined } }), 'its agent is older than this program and keeps no files'],
  ])('reports an agent that %s', async (_, agent, problem) => {
    const { options } = bench({ agents: { 'web-1': agent } });
    const [pod] = (await keepPods(options)).pods;
    expect(pod).toMatchObject({ result: 'unconfirmed', kept: null, problem: expect.stringContaining(problem) });
  });

  /** An agent that ends its window `seconds` after it was asked first. */
  const ending = (seconds: number): Agent => {
    let asked: number | undefined;
    return (value) => {
      asked ??= Date.now();
      const end = asked + seconds * 1000;
      const requestedAt = new Date(asked).toISOString();
      const to = new Date(end).toISOString();
      const lasts = Date.now() < end;
      return {
        keeps: [
          note(value, { requestedAt, ...(lasts ? { ended: undefined, packets: 0, complete: false } : { ended: to }) }),
        ],
      };
    };
  };

  test('waits until the windows have ended, says how far it is, and has the numbers of the end', async () => {
    const seen: KeepProgress[] = [];
    const onProgress = (progress: KeepProgress): void => void seen.push(progress);
    const changed = { andSeconds: 2, onProgress, timeoutSeconds: 10 };
    const { options } = bench({ agents: { 'web-1': ending(2), 'web-2': keeps } }, changed);
    const { pods } = await keepPods(options);
    const kept = { result: 'kept', kept: { packets: 7, complete: true, ended: expect.any(String) as string } };
    expect(pods).toMatchObject([kept, kept]);
    expect(seen[0]).toMatchObject({ pods: 1, ended: 0 });
    expect(seen.map(({ secondsLeft }) => secondsLeft)).toEqual(expect.arrayContaining([0]));
  });

  test('without the wait it ends when the agents have begun; numbers that are not counted yet are absent', async () => {
    const { options } = bench({ agents: { 'web-1': ending(600) } }, { wait: false, andSeconds: 600 });
    const [pod] = (await keepPods(options)).pods;
    expect(pod).toMatchObject({ result: 'keeping', kept: { id: 'ID-2', files: 2, complete: false }, problem: null });
    expect(pod?.kept).not.toHaveProperty('packets');
    expect(pod?.kept).not.toHaveProperty('dropped');
  });

  test('an interruption while a window lasts ends the wait alone', async () => {
    const stop = new AbortController();
    const changed = { andSeconds: 600, signal: stop.signal, onProgress: () => stop.abort() };
    const { options } = bench({ agents: { 'web-1': ending(600), 'web-2': keeps } }, changed);
    const { pods } = await keepPods(options);
    expect(pods).toMatchObject([
      { pod: 'web-1', result: 'keeping', kept: { id: 'ID-2' }, problem: null },
      { pod: 'web-2', result: 'kept' },
    ]);
  });

  test.each<[string, Partial<World>, object]>([
    [
      'an agent that does not end it',
      { agents: { 'web-1': (value) => ({ keeps: [note(value, { ended: undefined })] }) } },
      {
        result: 'unconfirmed',
        kept: { id: 'ID-2' },
        problem: 'not 1s after its window: its last file is not closed yet',
      },
    ],
    [
      'a disk that is full at the end',
      {
        agents: {
          'web-1': (value) => ({
            keeps: [note(value, { ended: undefined })],
            status: { lastError: { time: 't', reason: 'keep: no space left on device' } },
          }),
        },
      },
      { result: 'unconfirmed', problem: expect.stringContaining('its last error: keep: no space left on device') },
    ],
    [
      'a pod that goes meanwhile',
      {
        agents: { 'web-1': (value) => ({ keeps: [note(value, { ended: undefined })] }) },
        goneAfter: 2,
      },
      {
        result: 'gone',
        kept: { id: 'ID-2' },
        problem: 'the pod is gone; what there was is uploaded, if it has an upload',
      },
    ],
  ])('reports after the window %s', async (_, world, expected) => {
    const { options } = bench({ agents: {}, ...world }, { andSeconds: 0, timeoutSeconds: 1 });
    expect((await keepPods(options)).pods[0]).toMatchObject(expected);
  });

  test.each([
    ['gone', codedError('NOT_FOUND', 'pods "web-1" not found')],
    ['gone', codedError('CONFLICT', 'another pod')],
    ['failed', codedError('FORBIDDEN', 'patch pods')],
  ])('is %s when the annotation is answered with %s', async (result, fails) => {
    const { options } = bench({ agents: { 'web-1': keeps }, fails });
    expect((await keepPods(options)).pods[0]).toMatchObject({ result, kept: null });
  });

  test('asks the kubelet again if the annotation does not arrive', async () => {
    let asked = 0;
    const slow: Agent = (value) => ((asked += 1) > 10 ? keeps(value) : undefined);
    const { options, sent, lines } = bench({ agents: { 'web-1': slow } }, { timeoutSeconds: 20 });
    expect((await keepPods(options)).pods[0]).toMatchObject({ result: 'kept' });
    expect(sent.at(-1)).toBe('web-1 refresh');
    expect(lines).toContainEqual(expect.stringContaining('asking the kubelet again'));
  });

  test('writes a reason in one line, cut to the length that the annotation allows', () => {
    const window = { from: 0n, to: 1_000_000n };
    const span = '1970-01-01T00:00:00Z/1970-01-01T00:00:00.001Z';
    expect(keepValue(window, ' a\n b ', undefined)).toBe(`${span} a b`);
    expect(keepValue(window, '', undefined)).toBe(span);
    expect(keepValue(window, '', 'alice')).toBe(`${span} (by alice)`);
    expect(keepValue(window, 'x'.repeat(2000), 'alice')).toBe(`${span} ${'x'.repeat(1024 - 11)} (by alice)`);
  });
});

describe.concurrent('watchPods', () => {
  const crash = (finishedAt: string, restartCount: number): Pod => {
    const pod = podObject('web-1', false);
    const lastState = { terminated: { reason: 'OOMKilled', exitCode: 137, finishedAt } };
    return {
      ...pod,
      status: {
        ...pod.status,
        containerStatuses: [{ name: 'app', ready: true, restartCount, state: { running: {} }, lastState }],
      },
    };
  };

  test('keeps the files before a crash once, by the time of the crash; continues when pods cannot be listed', async () => {
    const { options, sent } = bench({ agents: { 'web-1': keeps } });
    const stop = new AbortController();
    const kept: WatchedKeep[] = [];
    const troubles: string[] = [];
    const rounds: (readonly Pod[] | Error)[] = [
      [podObject('web-1', false)],
      codedError('CLUSTER_UNREACHABLE', 'no route to host'),
      [crash('2026-11-29T12:00:00Z', 1)],
      [crash('2026-11-29T12:00:00Z', 1)],
    ];
    const result = await watchPods({
      ...options,
      lastSeconds: 60,
      andSeconds: 10,
      pauseSeconds: 60,
      reason: '',
      stop: stop.signal,
      find: async () => {
        const round = rounds.shift();
        if (round === undefined) stop.abort();
        if (round instanceof Error) throw round;
        return round ?? [];
      },
      onKeep: (keep) => kept.push(keep),
      onTrouble: (reason) => troubles.push(reason),
    });
    expect(kept).toMatchObject([
      {
        pod: 'web-1',
        container: 'app',
        reason: 'OOMKilled',
        exitCode: 137,
        at: '2026-11-29T12:00:00Z',
        from: '2026-11-29T11:59:00Z',
        to: '2026-11-29T12:00:11Z',
        result: 'kept',
      },
    ]);
    expect(sent).toEqual([
      'web-1 2026-11-29T11:59:00Z/2026-11-29T12:00:11Z container app: OOMKilled, exit code 137, restart 1 (by alice)',
    ]);
    expect(troubles).toEqual(['no route to host']);
    expect(result).toEqual({ keeps: 1, failed: 0, leftOut: 0 });
  });

  const killing: Event = {
    metadata: { name: 'web-1.1', namespace: 'shop' },
    reason: 'Killing',
    message: 'Container app failed liveness probe, will be restarted',
    involvedObject: { kind: 'Pod', name: 'web-1', fieldPath: 'spec.containers{app}' },
    lastTimestamp: '2026-11-29T12:00:00Z',
  };

  test.each([
    ['names the probe that failed', [killing], 'Liveness probe failed', []],
    ['says once that it may not list Events', codedError('FORBIDDEN', 'no'), null, [expect.stringContaining('Events')]],
  ])('%s, and reports a keep when its window has ended', async (_, events, cause, said) => {
    let asked = 0;
    const closing: Agent = (value) => ({
      keeps: [note(value, (asked += 1) < 5 ? { ended: undefined, packets: 0 } : {})],
    });
    const { options, lines } = bench({ agents: { 'web-1': closing }, events });
    const stop = new AbortController();
    const kept: WatchedKeep[] = [];
    const rounds = [[podObject('web-1', false)]];
    await watchPods({
      ...options,
      timeoutSeconds: 10,
      lastSeconds: 60,
      andSeconds: 10,
      pauseSeconds: 60,
      reason: '',
      stop: stop.signal,
      find: async () => rounds.shift() ?? [crash('2026-11-29T12:00:00Z', 1)],
      onKeep: (keep) => {
        kept.push(keep);
        stop.abort();
      },
      onTrouble: () => undefined,
    });
    expect(kept).toMatchObject([{ result: 'kept', kept: { packets: 7 }, cause }]);
    expect(lines).toEqual(said);
  });
});
