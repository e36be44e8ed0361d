import { accessSync, constants } from 'node:fs';
import { codedError } from '../errors.ts';

/**
 * The program that an environment variable names, with its first arguments: `kubectl`, a path, or several words such as
 * `k3s kubectl` and `minikube kubectl --`. Spaces separate words, unless they are in quotes; there is no shell. The
 * path of an existing program is one word, also if it contains spaces.
 * @throws USAGE for a quote without an end
 */
export function programOf(variable: string, text: string | undefined, otherwise: string): readonly string[] {
  if (text === undefined || text.trim() === '') return [otherwise];
  if (text.includes('/') && isExecutable(text)) return [text];
  const words = text.trim().match(/(?:[^\s"']|"[^"]*"|'[^']*')+|["']/g) ?? [];
  if (words.some((word) => /^["']$/.test(word))) {
    throw codedError('USAGE', `the environment variable ${variable} has a quote without an end: ${text}`, {
      hint: `Write it as the program and its first arguments, for example ${variable}='k3s kubectl'.`,
    });
  }
  return words.map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
