import { describe, expect, test } from 'vitest';
import { capture, run, succeeds } from '../../../../scripts/cluster/command.ts';
import { pollUntil } from '../../../../scripts/cluster/poll.ts';
import { noProgress, step } from '../../../../scripts/cluster/progress.ts';

describe('a program', () => {
  test('gives its output and takes input', async () => {
    expect(await run(['cat'], { input: 'a\nb' })).toEqual({ exitCode: 0, stdout: 'a\nb', stderr: '' });
  });

  test('that fails is an error with its last lines', async () => {
    await expect(run(['sh', '-c', 'seq 100 >&2; exit 3'])).rejects.toMatchObject({
      code: 'CLUSTER_FAILED',
      message: expect.stringMatching(/ended with code 3\n {4}86\n[^]* {4}100$/),
    });
  });

  test('may end with a code that is no failure', async () => {
    expect((await run(['sh', '-c', 'exit 3'], { exitCodes: [0, 3] })).exitCode).toBe(3);
    expect(await succeeds(['false'])).toBe(false);
  });

  test('that is not there or takes too long has no exit code', async () => {
    expect(await capture(['/no/such/program'])).toMatchObject({
      exitCode: -1,
      stderr: expect.stringContaining('ENOENT'),
    });
    expect(await capture(['sleep', '20'], { timeoutMs: 50 })).toMatchObject({ exitCode: -1 });
  });
});

test('a step says nothing when it is short, and does not hide a failure', async () => {
  const lines: string[] = [];
  expect(
    await step(
      (line) => lines.push(line),
      'work',
      () => Promise.resolve(1),
    ),
  ).toBe(1);
  await expect(step(noProgress, 'work', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(lines).toEqual([]);
});

test('polling gives up in time', async () => {
  expect(await pollUntil(() => Promise.resolve(false), { everyMs: 5, timeoutMs: 20 })).toBe(false);
});
