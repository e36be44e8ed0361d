import { setTimeout as sleep } from 'node:timers/promises';
import { codedError } from '../errors.ts';

/** Waits. @throws INTERRUPTED as soon as the signal is aborted */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw codedError('INTERRUPTED', 'the command was interrupted', { cause: error });
  }
}
