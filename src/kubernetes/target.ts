import { codedError } from '../errors.ts';

/**
 * Checks that a text is TYPE/NAME as kubectl takes it (`deploy/web`, `deployment.apps/web`), and returns it. It refuses
 * lists, flags and white space. Only the API server knows which types exist.
 * @throws USAGE
 */
export function checkTarget(text: string): string {
  if (/^[a-z][a-z0-9.-]*\/[a-z0-9]([a-z0-9.:-]*[a-z0-9])?$/i.test(text)) return text;
  throw codedError('USAGE', `"${text}" is not TYPE/NAME`, {
    hint: 'Write it as kubectl does, for example deploy/web.',
  });
}
