import { codedError } from '../../errors.ts';
import { separateJson } from '../../ways/manifest/index.ts';
import type { ManifestFlags } from '../flags/manifestFlags.ts';
import { encode } from '../io/encoding.ts';
import type { Input } from '../io/input.ts';
import { writeData } from '../io/output.ts';
import { replaceFile } from '../io/replaceFile.ts';
import type { Spool, SpooledText } from '../io/spool.ts';

/** Collects the results and writes them at the end, so that after a broken document nothing is changed. */
export interface ManifestOutput {
  /** Takes the parts of each input, in order. */
  add(input: Input, text: string, changed: boolean): Promise<void>;
  /**
   * Writes everything; called once all parts are good.
   * @param end the text after the last part
   * @throws FILE_UNWRITABLE
   */
  finish(end: string): Promise<void>;
}

interface OutputOptions extends Pick<ManifestFlags, 'inPlace' | 'dryRun'> {
  /** Several files become one stream of YAML documents. */
  readonly joined: boolean;
}

/** @throws USAGE for `--in-place` with standard input */
export function openManifestOutput(
  inputs: readonly Input[],
  { inPlace, dryRun, joined }: OutputOptions,
  spool: Spool,
): ManifestOutput {
  if (inPlace === true && inputs.some(({ file }) => file === '-')) {
    throw codedError('USAGE', '--in-place cannot replace standard input', { where: '-f -' });
  }
  if (dryRun === true) return { add: async () => {}, finish: async () => {} };
  if (inPlace === true) return filesInPlace(spool);
  if (!joined) return asText(spool);
  return inputs.length === 1 ? oneFile(spool) : oneStream(spool);
}

function filesInPlace(spool: Spool): ManifestOutput {
  const files = new Map<Input, { readonly text: SpooledText; changed: boolean }>();
  return {
    async add(input, text, changed) {
      const entry = files.get(input) ?? { text: spool.text(), changed: false };
      files.set(input, entry);
      await entry.text.add(encode(text, input.encoding()));
      if (changed) entry.changed = true;
    },
    async finish() {
      for (const [{ file }, { text, changed }] of files) if (changed) await replaceFile(file, text.read());
    },
  };
}

/** A single manifest is left as it is, to the last byte. */
function oneFile(spool: Spool): ManifestOutput {
  const stream = spool.text();
  return {
    add: async (input, text) => stream.add(encode(text, input.encoding())),
    finish: async () => writeData(stream.read()),
  };
}

/** Output that is not a manifest, such as a diff. */
function asText(spool: Spool): ManifestOutput {
  const stream = spool.text();
  return {
    add: async (_, text) => stream.add(text),
    async finish(end) {
      await stream.add(end);
      await writeData(stream.read());
    },
  };
}

/** One stream of YAML documents, in UTF-8 and without the byte order marks of its files. */
function oneStream(spool: Spool): ManifestOutput {
  const stream = spool.text();
  let current: Input | undefined;
  let ended = true;
  return {
    async add(input, given) {
      const text = separateJson(input === current ? given : given.replace(/^\uFEFF/, ''));
      if (input !== current) await stream.add(`${ended ? '' : '\n'}${/^(?:---|%)/.test(text) ? '' : '---\n'}`);
      if (input !== current) ended = true;
      current = input;
      await stream.add(text);
      if (text !== '') ended = text.endsWith('\n');
    },
    async finish() {
      if (!ended) await stream.add('\n');
      await writeData(stream.read());
    },
  };
}
