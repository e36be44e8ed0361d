import { isCodedError, isForbidden } from '../errors.ts';
import type { List } from './api/types.ts';
import { itemsOfAnswer, parseAnswer, type Kubectl } from './kubectl.ts';

/** Those of the objects that exist; kubectl prints a list, one object, or nothing. @throws as Kubectl */
export async function readSome<T>(kubectl: Kubectl, args: readonly string[]): Promise<T[]> {
  const { stdout } = await kubectl([...args, '--ignore-not-found', '-o', 'json']);
  if (stdout.trim() === '') return [];
  return [...itemsOfAnswer(parseAnswer(stdout, args) as T | List<T>)];
}

/** The answer, or undefined when the user lacks the right. */
export async function unlessForbidden<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/** The result, or `otherwise` after an error: for information that is only shown next to the result of a command. */
export async function ifPossible<T>(otherwise: T, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return otherwise;
  }
}
