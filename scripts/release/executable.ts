import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ownFolders } from '../../src/ownFiles/ownFolder.ts';
import { writeBundle, type Bundle } from '../images/bundle.ts';
import { root } from '../images/root.ts';
import { inTemporaryFolder } from '../images/temporaryFolder.ts';
import { removeLibatomic } from './node/removeLibatomic.ts';
import { withoutCertificate } from './node/withoutCertificate.ts';
import { withoutSymbols } from './node/withoutSymbols.ts';
import type { Platform } from './platforms.ts';

/**
 * Makes the program for a platform as one file that has Node in it, on any machine: the file has no code that only its
 * platform could compile.
 * @param node Node for the platform, as it comes
 * @param path of the file that is written
 * @throws Error when Node is not what is expected
 */
export async function writeExecutable(platform: Platform, node: string, program: Bundle, path: string): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const prepared = join(folder, 'node');
    await writeFile(prepared, prepare(platform, await readFile(node)), { mode: 0o755 });
    // Relative to the folder, whose name is another each time: Node writes this path into the executable.
    const main = 'main.cjs';
    await writeFile(join(folder, main), loader(program.entry));
    const config = join(folder, 'config.json');
    const fields = {
      main,
      output: path,
      executable: prepared,
      disableExperimentalSEAWarning: true,
      // NODE_OPTIONS of the user are for other programs.
      execArgvExtension: 'none',
      assets: { ...(await codeAssets(program, join(folder, 'code'))), ...(await folderAssets()) },
    };
    await writeFile(config, JSON.stringify(fields));
    await execa(process.execPath, ['--build-sea', config], { cwd: folder });
  });
}

function prepare({ os }: Platform, node: Buffer): Buffer {
  if (os === 'windows') return withoutCertificate(node);
  if (os === 'darwin') return node;
  removeLibatomic(node);
  return withoutSymbols(node);
}

async function codeAssets(program: Bundle, folder: string): Promise<Record<string, string>> {
  await mkdir(folder);
  await writeBundle(program, folder);
  return Object.fromEntries([...program.files.keys()].toSorted().map((name) => [`code/${name}`, join(folder, name)]));
}

/** What src/ownFiles unpacks. */
async function folderAssets(): Promise<Record<string, string>> {
  const assets: [string, string][] = [];
  for (const [name, path] of Object.entries(ownFolders)) {
    const entries = await readdir(join(root, path), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((item) => item.isFile())) {
      const file = join(entry.parentPath, entry.name);
      assets.push([`${name}${file.slice(join(root, path).length)}`, file]);
    }
  }
  return Object.fromEntries(assets.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * What runs first in the executable: compiles each file of the program when it is asked for, and the first one now.
 * That is as fast as the checkout. A code cache would have other bytes with each build, and has to be made on the
 * platform.
 */
function loader(entry: string): string {
  return `'use strict';
const { getRawAsset } = require('node:sea');
const { compileFunction } = require('node:vm');
const loaded = new Map();
function load(file) {
  const known = loaded.get(file);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(file, module);
  const code = Buffer.from(getRawAsset('code/' + file)).latin1Slice();
  const run = compileFunction(code, ['exports', 'require', 'module', '__dirname'], { filename: file });
  run(module.exports, (name) => (name.startsWith('./') ? load(name.slice(2)) : require(name)), module, '.');
  return module.exports;
}
load(${JSON.stringify(entry)});
`;
}
