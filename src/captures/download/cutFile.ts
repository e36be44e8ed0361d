import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isCodedError } from '../../errors.ts';
import { createCaptureCutter, type CutCounts, type TimeWindow } from '../../pcapng/index.ts';
import { timeInName } from '../../time.ts';
import type { FetchedFile } from './fetchFile.ts';
import { readPieces } from './merge.ts';
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
 * window gets the name `NAME_FROM-TO.pcapng`, and the whole file is removed, unless it was here before.
 * @throws FILE_UNWRITABLE
 */
export async function cutFetched(file: FetchedFile, window: TimeWindow): Promise<CutFile> {
  const { path } = file;
  if (path === null) return { file, passed: false };
  let counts: CutCounts;
  try {
    counts = await countPackets(path, window);
  } catch (error) {
    if (!isCodedError(error)) throw error;
    const reason = `it cannot be cut: ${error.message}; it is in ${path} as the pod has it`;
    return { file: { ...file, result: 'failed', path: null, reason }, passed: false };
  }
  const outside = counts.before + counts.after;
  const cut = { ...file, window: { packets: counts.inside, outside } };
  const passed = counts.after > 0;
  if (counts.inside > 0 && outside === 0 && counts.bytesLeft === 0) return { file: cut, passed };
  const target = cutPath(path, file.file, window);
  if (counts.inside > 0) await writeWhole(target, cutPieces(path, window));
  if (file.result !== 'present') await rm(path, { force: true });
  return { file: counts.inside > 0 ? { ...cut, path: target } : { ...cut, result: 'outside', path: null }, passed };
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
