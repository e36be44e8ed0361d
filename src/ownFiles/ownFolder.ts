import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type * as sea from 'node:sea';
import { form } from '../build.ts';

/** The folders that this program reads while it runs, by path in the project. Each release takes them from here. */
export const ownFolders = {
  /** The rendered chart, for helm. */
  chart: 'chart',
  /** What the chart is rendered from. */
  templates: 'templates',
  /** A chart without objects, by which helm merges values. */
  emptyChart: 'src/release/helm/emptyChart',
} as const;

export type OwnFolder = keyof typeof ownFolders;

const unpacked = new Map<OwnFolder, string>();

/**
 * The path of one of this program's own folders: next to its code, or, for the executable, which is one file, a private
 * copy that is deleted when this process ends.
 */
export function ownFolder(name: OwnFolder): string {
  // Sources lie two folders deep, the package's code in one.
  if (form === 'checkout') return join(import.meta.dirname, '..', '..', ownFolders[name]);
  if (form === 'npm') return join(import.meta.dirname, '..', ownFolders[name]);
  const folder = unpacked.get(name) ?? unpack(name);
  unpacked.set(name, folder);
  return folder;
}

function unpack(name: OwnFolder): string {
  const { getAssetKeys, getRawAsset } = createRequire(process.execPath)('node:sea') as typeof sea;
  const folder = mkdtempSync(join(tmpdir(), 'packet-capture-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const key of getAssetKeys().filter((asset) => asset.startsWith(`${name}/`))) {
    const file = join(folder, key);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.from(getRawAsset(key)));
  }
  return join(folder, name);
}
