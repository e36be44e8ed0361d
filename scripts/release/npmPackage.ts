import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ownFolders } from '../../src/ownFiles/ownFolder.ts';
import { bundle, writeBundle } from '../images/bundle.ts';
import { root } from '../images/root.ts';
import { inTemporaryFolder } from '../images/temporaryFolder.ts';
import { licenseText } from './licenseText.ts';

/** The commands that the package installs; npm for Windows starts each by its file, so that each has one. */
const commands = ['packet-capture', 'kubectl-packet_capture'] as const;

/** What package.json of this project and of the package have in common. */
const sharedFields = ['name', 'version', 'description', 'license', 'engines'] as const;

/**
 * Packs the program for `npm install --global` and `npx`: JavaScript, since Node strips no types below node_modules,
 * with all libraries in it. The same sources and commit give the same bytes: npm writes constant times.
 * @param out folder for it, which exists
 * @param commit what `version` is to print
 * @returns the path of the tarball
 */
export async function packNpmPackage(out: string, commit: string): Promise<string> {
  return inTemporaryFolder(async (folder) => {
    await writeNpmPackage(folder, commit);
    const { stdout } = await execa('npm', ['pack', '--silent', '--pack-destination', out], { cwd: folder });
    return join(out, stdout.trim());
  });
}

async function writeNpmPackage(folder: string, commit: string): Promise<void> {
  const program = await bundle('src/cli/main.ts', { form: 'npm', commit });
  await writeBundle(program, join(folder, 'lib'));
  for (const path of [...Object.values(ownFolders), 'LICENSE', 'README.md'])
    await cp(join(root, path), join(folder, path), { recursive: true });
  await writeFile(join(folder, 'THIRD-PARTY-LICENSES'), licenseText(program.licenses));
  await mkdir(join(folder, 'bin'));
  for (const name of commands)
    await writeFile(join(folder, 'bin', `${name}.js`), launcher(program.entry), { mode: 0o755 });
  const project = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
  const fields = {
    ...Object.fromEntries(sharedFields.map((field) => [field, project[field]])),
    bin: Object.fromEntries(commands.map((name) => [name, `bin/${name}.js`])),
  };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(fields, undefined, 2)}\n`);
}

/** Old JavaScript, so that an old Node can say that it is old. */
function launcher(entry: string): string {
  return `#!/usr/bin/env node
'use strict';
const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 22 || (major === 22 && minor >= 18)) {
  require('node:module').enableCompileCache();
  require('../lib/${entry}');
} else {
  console.error(
    'error REQUIREMENT_MISSING: packet-capture needs Node 22.18 or later; this is Node ' + process.versions.node,
  );
  process.exitCode = 1;
}
`;
}
