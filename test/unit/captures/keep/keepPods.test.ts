import { describe, expect, test } from 'vitest';
import { keepPods, type KeepProgress } from '../../../../src/captures/keep/index.ts';
import { keepValue } from '../../../../src/captures/keep/keepValue.ts';
import { codedError } from '../../../../src/errors.ts';
import { parseTime } from '../../../../src/time.ts';
import { bench, keeps, note, type Agent, type World } from '../../../support/captures/keepBench.ts';

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

  test.each<[string, object | Error, string]>([
    [
      'does not know the question',
      codedError(
        'KUBECTL_FAILED',
        'packet-capture-agent: unknown command "status"\ncommand terminated with exit code 2',
      ),
      'its pod needs the image of',
    ],
    ['keeps no files', { kept: undefined }, 'its agent is older than this program and keeps no files'],
  ])('changes nothing where the agent %s', async (_, status, problem) => {
    const { options, sent } = bench({ agents: { 'web-1': keeps }, status }, { timeoutSeconds: 5 });
    const [pod] = (await keepPods(options)).pods;
    expect(pod).toMatchObject({ result: 'failed', kept: null, problem: expect.stringContaining(problem) });
    expect(sent).toEqual([]);
  });

  /** An agent that ends its window `length` seconds after it was asked first. */
  const ending = (length: number): Agent => {
    let asked: number | undefined;
    return (value) => {
      asked ??= Date.now();
      const end = asked + length * 1000;
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
