import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Rolldown } from 'vite';
import { root } from './root.ts';

export interface Bundle {
  /** The program in one file, for Node alone. The same sources give the same bytes. */
  readonly code: string;
  /** The licences of the libraries in it: text by name of the package. */
  readonly licenses: ReadonlyMap<string, string>;
}

/** Less to read at each start; the names stay, for the traces of errors. */
const minify = { compress: true, mangle: false, codegen: { removeWhitespace: true } } as const;

/** Bundles a program of this project with all that it imports. */
export async function bundle(entry: string): Promise<Bundle> {
  const output = await build({
    configFile: false,
    root,
    logLevel: 'warn',
    publicDir: false,
    ssr: { noExternal: true },
    build: {
      ssr: entry,
      write: false,
      target: 'node26',
      minify: false,
      sourcemap: false,
      rolldownOptions: { output: { format: 'es', codeSplitting: false, minify } },
    },
  });
  const [chunk, ...others] = (output as Rolldown.RolldownOutput).output;
  if (chunk.type !== 'chunk' || others.length > 0) throw new Error(`${entry} does not fit into one file`);
  return { code: inAscii(chunk.code), licenses: await licensesOf(chunk.moduleIds) };
}

/**
 * V8 keeps a source in one byte for each character, or in two if a single one needs them. They stand in strings alone:
 * comments are gone.
 */
function inAscii(code: string): string {
  return code.replaceAll(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

async function licensesOf(modules: readonly string[]): Promise<Map<string, string>> {
  const folders = modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []);
  const texts = new Map<string, string>();
  for (const folder of [...new Set(folders)].toSorted()) {
    const file = (await readdir(folder)).find((name) => /^licen[cs]e/i.test(name));
    const { name, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { name: string; license?: string };
    texts.set(name, file === undefined ? `${license ?? 'no licence named'}\n` : await readFile(join(folder, file), 'utf8'));
  }
  return texts;
}
