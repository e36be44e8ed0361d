import { isCodedError } from './errors.ts';

/**
 * How often a change is tried when somebody else changes the object at the same moment, as in client-go (DefaultRetry).
 */
export const conflictAttempts = 5;

/**
 * Runs an attempt again when it ends with CONFLICT (HTTP 409): somebody else changed the object after it was read. So
 * each attempt must read the object again before it changes it.
 * @param attempt is called with the number of the attempt, from 1 on
 * @throws what the last attempt throws, and at once any other error
 */
export async function retryOnConflict<T>(attempts: number, attempt: (number: number) => Promise<T>): Promise<T> {
  for (let number = 1; ; number += 1) {
    try {
      return await attempt(number);
    } catch (error) {
      if (!isConflict(error) || number >= attempts) throw error;
    }
  }
}

/** Whether somebody else changed the object at the same moment. */
export function isConflict(error: unknown): boolean {
  return isCodedError(error) && error.code === 'CONFLICT';
}
