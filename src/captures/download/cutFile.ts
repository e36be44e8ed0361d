import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isCodedError } from '../../errors.ts';
import { createCaptureCutter, type CutCounts, type TimeWindow } from '../../pcapng/index.ts';
import { timeInName } from '../../time.ts';
import type { FetchedFile } from './fetchFile.ts';
import { readPieces } from './merge.ts';
import { commonName } from './partFile.ts';
import { writeWhole } from './writeWhole.ts';

/** A file after the cut. Its `file.result` is `outside` when it has no packet of the window. */
export interface CutFile {
  readonly file: FetchedFile;
  /** It has a packet from behind the window, and so no later file has one of the window. */
  readonly passed: boolean;
}

/** Characters of a file's name that stay in the name of what is cut from it: a name has at most 255 bytes. */
const longestBase = 190;

/**
 * Cuts a fetched file to a window. If all its packets are in the window, it stays as it is; otherwise what is in the
 * window gets the name `NAME_FROM-TO.pcapng`, and the whole file is removed, unless it was here before. A file that has
 * a name of this command alone gets its common name if it stays.
 * @throws FILE_UNWRITABLE
 */
export async function cutFetched(file: FetchedFile, window: TimeWindow): Promise<CutFile> {
  const { path } = file;
  if (path === null) return { file, passed: false };
  try {
    return await cut(file, path, window);
  } catch (error) {
    const kept = await underCommonName(path);
    if (!isCodedError(error) || error.code !== 'CAPTURE_INVALID') throw error;
    const reason = `it cannot be cut: ${error.message}; it is in ${kept} as the pod has it`;
    return { file: { ...file, result: 'failed', path: null, reason }, passed: false };
  }
}

async function cut(file: FetchedFile, path: string, window: TimeWindow): Promise<CutFile> {
  const counts = await countPackets(path, window);
  const outside = counts.before + counts.after;
  const counted = { ...file, window: { packets: counts.inside, outside } };
  const passed = counts.after > 0;
  if (counts.inside > 0 && outside === 0 && counts.bytesLeft === 0)
    return { file: { ...counted, path: await underCommonName(path) }, passed };
  const target = cutPath(path, file.file, window);
  if (counts.inside > 0) await writeWhole(target, cutPieces(path, window));
  if (file.result !== 'present') await rm(path, { force: true });
  return counts.inside > 0
    ? { file: { ...counted, path: target }, passed }
    : { file: { ...counted, result: 'outside', path: null }, passed };
}

async function underCommonName(path: string): Promise<string> {
  const common = commonName(path);
  if (common !== path) await rename(path, common);
  return common;
}

function cutPath(path: string, name: string, { from, to }: TimeWindow): string {
  const base = basename(name)
    .replace(/\.pcapng$/, '')
    .slice(0, longestBase);
  return join(dirname(path), `${base}_${timeInName(from)}-${timeInName(to)}.pcapng`);
}

async function countPackets(path: string, window: TimeWindow): Promise<CutCounts> {
  const cutter = createCaptureCutter(path, window);
  for await (const piece of readPieces(path)) cutter.push(piece);
  return cutter.end();
}

async function* cutPieces(path: string, window: TimeWindow): AsyncGenerator<Uint8Array> {
  const cutter = createCaptureCutter(path, window);
  for await (const piece of readPieces(path)) yield cutter.push(piece);
}
