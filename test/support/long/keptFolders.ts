import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { mergeFiles } from '../agent/captureFile.ts';
import { tshark } from '../cluster/clusterFixture.ts';
import { requestPort } from './failingApps.ts';

/** A keep that was downloaded, or is in a bucket. */
export interface KeptFolder {
  readonly id: string;
  readonly pod: string;
  /** Its keep.json. */
  readonly note: Readonly<Record<string, unknown>>;
  /** The texts of the requests in its files. */
  readonly texts: readonly string[];
}

/** All keeps below a folder; those without a note are not finished yet. */
export async function keptFolders(folder: string): Promise<KeptFolder[]> {
  const names = await readdir(folder, { recursive: true }).catch((): string[] => []);
  const notes = names.filter((name) => name.endsWith('/keep.json')).toSorted();
  return Promise.all(
    notes.map(async (name) => {
      const own = dirname(join(folder, name));
      const files = names.filter((file) => dirname(join(folder, file)) === own && file.endsWith('.pcapng')).toSorted();
      return {
        id: basename(own),
        pod: basename(dirname(dirname(own))),
        note: JSON.parse(await readFile(join(folder, name), 'utf8')) as Readonly<Record<string, unknown>>,
        texts: await requestTexts(files.map((file) => join(folder, file))),
      };
    }),
  );
}

/** How many keeps are below a folder, as far as they have a note. */
export async function keptCount(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch((): string[] => []);
  return names.filter((name) => name.endsWith('/keep.json')).length;
}

/** The texts of the requests in capture files, by time, as tshark reads them. */
export async function requestTexts(files: readonly string[]): Promise<string[]> {
  if (files.length === 0) return [];
  const place = await mkdtemp(join(tmpdir(), 'packet-capture-merged-'));
  const all = await mergeFiles(files, join(place, 'all.pcapng'));
  const rows = await tshark(all, ['udp.payload'], `udp.dstport == ${requestPort}`);
  await rm(place, { recursive: true });
  return rows.map(([payload = '']) => Buffer.from(payload.replaceAll(':', ''), 'hex').toString().trim());
}
