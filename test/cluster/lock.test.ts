import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireLock } from '../../scripts/cluster/lock.ts';
import { pollUntil } from '../../scripts/cluster/poll.ts';
import { noProgress } from '../../scripts/cluster/progress.ts';
import { patienceMs } from '../support/patience.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-'));
});
afterEach(() => rm(folder, { recursive: true }));

test("the second process waits for the first one's lock, and reports that", async () => {
  const order: string[] = [];
  const lock = await acquireLock(join(folder, 'lock'), 'it', noProgress);
  const second = acquireLock(join(folder, 'lock'), 'it', (line) => order.push(line)).then((held) => {
    order.push('second');
    return held;
  });
  await pollUntil(() => Promise.resolve(order.length > 0), { everyMs: 20, timeoutMs: patienceMs });
  order.push('release');
  await lock.release();
  await (await second).release();
  expect(order).toEqual(['waiting for another run that holds it', 'release', 'second']);
});

test('a lock ends with its process, also when the process is killed', async () => {
  const script = `
    import { acquireLock } from ${JSON.stringify(resolve('scripts/cluster/lock.ts'))};
    await acquireLock(${JSON.stringify(join(folder, 'lock'))}, 'it', () => {});
    console.log('held');
    setInterval(() => {}, 1000);
  `;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  const lines: string[] = [];
  const waiting = acquireLock(join(folder, 'lock'), 'it', (line) => lines.push(line));
  expect(await pollUntil(() => Promise.resolve(lines.length > 0), { everyMs: 20, timeoutMs: patienceMs })).toBe(true);
  holder.kill('SIGKILL');
  await (await waiting).release();
});
