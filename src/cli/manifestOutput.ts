import { codedError } from '../errors.ts';
import type { Input } from './input.ts';
import type { ManifestFlags } from './manifestFlags.ts';
import { replaceFile } from './replaceFile.ts';

/** A manifest before and after. */
export interface Edited {
  readonly input: Input;
  readonly text: string;
}

/**
 * Puts the manifests where the flags say. Every document was good by now, so a broken one has left all files as they were.
 * @throws FILE_UNWRITABLE; USAGE for `--in-place` with standard input
 */
export async function writeManifests(edited: readonly Edited[], { inPlace, dryRun }: ManifestFlags): Promise<void> {
  if (inPlace === true && edited.some(({ input }) => input.file === '-')) {
    throw codedError('USAGE', '--in-place cannot replace standard input', { where: '-f -' });
  }
  if (dryRun === true) return;
  if (inPlace !== true) {
    process.stdout.write(joinManifests(edited.map(({ text }) => text)));
    return;
  }
  for (const { input, text } of edited) if (text !== input.text) await replaceFile(input.file, text);
}

/** One stream of YAML documents. A single manifest is left as it is, to the last byte. */
function joinManifests(texts: readonly string[]): string {
  if (texts.length === 1) return texts.join('');
  return texts.map((text) => `${/^(?:---|%)/.test(text) ? '' : '---\n'}${text}${text.endsWith('\n') || text === '' ? '' : '\n'}`).join('');
}
