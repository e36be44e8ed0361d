import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codedError } from '../../src/errors.ts';
import type { Progress } from './progress.ts';

export interface Lock {
  readonly release: () => Promise<void>;
}

/**
 * Waits until no other process holds the lock on `file`, then holds it until released or until this process ends,
 * however it ends: flock(1) keeps the lock for as long as the pipe from this process is open.
 */
export async function acquireLock(file: string, what: string, progress: Progress): Promise<Lock> {
  await mkdir(dirname(file), { recursive: true });
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const patience = setTimeout(() => progress(`waiting for another run that holds ${what}`), 1000);
  const held = await Promise.race([
    once(holder.stdout, 'data').then(() => true),
    once(holder, 'exit').then(() => false),
    once(holder, 'error').then(() => false),
  ]).finally(() => clearTimeout(patience));
  if (!held) throw codedError('CLUSTER_FAILED', `cannot lock ${file}`, { where: what });
  holder.stdout.destroy();
  const release = async (): Promise<void> => {
    const ended = once(holder, 'exit');
    holder.stdin.end();
    await ended;
  };
  return { release };
}

/** Runs `work` under the lock of {@link acquireLock}. */
export async function withLock<T>(file: string, what: string, progress: Progress, work: () => Promise<T>): Promise<T> {
  const lock = await acquireLock(file, what, progress);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}
