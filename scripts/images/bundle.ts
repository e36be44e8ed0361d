import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Rolldown } from 'vite';
import { root } from './root.ts';

export interface Bundle {
  /** The file that Node is to run, among the others. */
  readonly entry: string;
  /** The program's files by name, for Node alone. The same sources give the same bytes. */
  readonly files: ReadonlyMap<string, string>;
  /** The licences of the libraries in it: text by name of the package. */
  readonly licenses: ReadonlyMap<string, string>;
  /** What these say of themselves, by the same names: a package.json by which scanners know a library. */
  readonly packages: ReadonlyMap<string, string>;
}

/** What a release is made from; see src/build.ts. */
export interface Release {
  readonly form: 'npm' | 'executable';
  readonly commit: string;
}

function definitions({ form, commit }: Release): Record<string, string> {
  return {
    PACKET_CAPTURE_FORM: JSON.stringify(form),
    PACKET_CAPTURE_COMMIT: JSON.stringify(commit),
    'import.meta.dirname': '__dirname',
  };
}

/** Less to read at each start; the names stay, for the traces of errors. */
const minify = { compress: true, mangle: false, codegen: { removeWhitespace: true } } as const;
const names = '[name].cjs';

/**
 * Bundles a program of this project with all that it imports: what is imported dynamically stands in files of its own,
 * so that a start reads and compiles just what it needs. They are CommonJS, since an import of one of Node's modules
 * makes each of that module's exports, and some of these load whole subsystems.
 * @param release what src/build.ts is to know, for a program that users start, and that reads its own folders
 */
export async function bundle(entry: string, release?: Release): Promise<Bundle> {
  const output = await build({
    configFile: false,
    root,
    logLevel: 'warn',
    publicDir: false,
    define: release === undefined ? {} : definitions(release),
    ssr: { noExternal: true },
    build: {
      ssr: entry,
      write: false,
      target: release?.form === 'npm' ? 'node22' : 'node26',
      minify: false,
      sourcemap: false,
      rolldownOptions: { output: { format: 'cjs', entryFileNames: names, chunkFileNames: names, minify } },
    },
  });
  const chunks = (output as Rolldown.RolldownOutput).output.map((file) => {
    if (file.type !== 'chunk') throw new Error(`${entry} needs ${file.fileName}, which is no program`);
    return file;
  });
  return {
    entry: chunks.find(({ isEntry }) => isEntry)?.fileName ?? '',
    files: new Map(chunks.map(({ fileName, code }) => [fileName, inAscii(code)])),
    ...(await librariesOf(chunks.flatMap(({ moduleIds }) => moduleIds))),
  };
}

/** Writes a bundle's files into a folder. @returns the path of the one to run */
export async function writeBundle({ entry, files }: Bundle, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, code] of files) await writeFile(join(folder, name), code);
  return join(folder, entry);
}

/**
 * V8 keeps a source in one byte for each character, or in two if a single one needs them. They stand in strings alone:
 * comments are gone.
 */
function inAscii(code: string): string {
  return code.replaceAll(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

async function librariesOf(modules: readonly string[]): Promise<Pick<Bundle, 'licenses' | 'packages'>> {
  const folders = modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []);
  const licenses = new Map<string, string>();
  const packages = new Map<string, string>();
  for (const folder of [...new Set(folders)].toSorted()) {
    const file = (await readdir(folder)).find((name) => /^licen[cs]e/i.test(name));
    const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
      license?: string;
    };
    licenses.set(
      name,
      file === undefined ? `${license ?? 'no licence named'}\n` : await readFile(join(folder, file), 'utf8'),
    );
    packages.set(name, `${JSON.stringify({ name, version, license })}\n`);
  }
  return { licenses, packages };
}
