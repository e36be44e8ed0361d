import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codedError, type CodedError, isCodedError, rethrowUnlessRecoverable } from '../../errors.ts';
import { pause } from '../pause.ts';
import type { RemoteFile } from './listing.ts';
import { sizeOf } from './partFile.ts';
import { transfer, type TransferEnd, type TransferOptions } from './transfer.ts';

/** What became of a file; plain data, for people and for programs. */
export interface FetchedFile {
  readonly namespace: string;
  readonly pod: string;
  readonly file: string;
  /**
   * present: it was here already; vanished: it left the ring before it could be had; open: it is still written to, and
   * left out.
   */
  readonly result: 'downloaded' | 'resumed' | 'present' | 'vanished' | 'open' | 'failed';
  readonly bytes: number;
  /** Where it is now; null when it is not here. */
  readonly path: string | null;
  /** Of what came now, as the pod has it too. */
  readonly sha256: string | null;
  /** Why it is not here. */
  readonly reason: string | null;
}

export interface FetchOptions extends Omit<TransferOptions, 'part'> {
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
}

/** Tries in a row that bring nothing more before it is given up. */
const fruitlessTries = 3;
/** However little each of them brings. */
const mostTries = 100;

/**
 * Brings one file into a folder. It has its name there only when it is whole and its checksum is the pod's; until then
 * it is called NAME.part, and a later call goes on with that.
 * @throws FILE_UNWRITABLE, INTERRUPTED, KUBECTL_MISSING
 */
export async function fetchFile(options: FetchOptions): Promise<FetchedFile> {
  const { pod, file, folder } = options;
  const path = join(folder, localName(file));
  const identity = { namespace: pod.namespace, pod: pod.name, file: file.name, bytes: file.bytes };
  if (!file.open && (await sizeOf(path)) === file.bytes)
    return { ...identity, result: 'present', path, sha256: null, reason: null };
  const part = `${path}.part`;
  const end = await writing(path, async () => bring({ ...options, part }));
  if (end.kind !== 'whole' && (await sizeOf(part)) === 0) await rm(part);
  if (end.kind === 'vanished')
    return { ...identity, result: 'vanished', path: null, sha256: null, reason: await vanishedReason(part) };
  if (end.kind !== 'whole')
    return { ...identity, result: 'failed', path: null, sha256: null, reason: failureReason(end) };
  await writing(path, async () => {
    await rename(part, path);
    if (!file.open) await rm(join(folder, localName({ ...file, open: true })), { force: true });
  });
  return { ...identity, result: end.resumedAt > 0 ? 'resumed' : 'downloaded', path, sha256: end.sha256, reason: null };
}

/** A file that is still written to has another name here, for it will be another file. */
export function localName({ name, open }: Pick<RemoteFile, 'name' | 'open'>): string {
  return open ? name.replace(/\.pcapng$/, '.open.pcapng') : name;
}

/**
 * Tries until the file is whole, or until several tries in a row have brought nothing more: a part that is thrown away
 * and comes again is no more.
 */
async function bring(options: TransferOptions & { readonly signal?: AbortSignal | undefined }): Promise<TransferEnd> {
  let most = 0;
  for (let [tries, fruitless] = [1, 0]; ; tries += 1) {
    const end = await transfer(options);
    if (end.kind !== 'unequal' && end.kind !== 'broken') return end;
    if (end.kind === 'broken') throwFinal(end.error);
    const present = end.kind === 'broken' && end.received > 0 ? end.present : 0;
    fruitless = present > most ? 0 : fruitless + 1;
    most = Math.max(most, present);
    if (fruitless >= fruitlessTries || tries >= mostTries || (end.kind === 'broken' && isGone(end.error))) return end;
    if (end.kind === 'broken' && end.received === 0) await pause(1000, options.signal);
  }
}

/** No later try would do better. */
function throwFinal(error: CodedError | undefined): void {
  if (error !== undefined) rethrowUnlessRecoverable(error);
}

function isGone(error: CodedError | undefined): boolean {
  return (
    error?.code === 'NOT_FOUND' ||
    /container not found|not running|is not created or running/.test(error?.message ?? '')
  );
}

function failureReason(end: Exclude<TransferEnd, { readonly kind: 'whole' | 'vanished' }>): string {
  if (end.kind === 'refused') return end.reason;
  if (end.kind === 'unequal') return "its checksum is not the pod's, again and again";
  return `the connection ended early: ${end.error?.message ?? 'without a word'}`;
}

async function vanishedReason(part: string): Promise<string> {
  const reason = 'it left the ring before it could be fetched';
  return (await sizeOf(part)) === undefined ? reason : `${reason} whole; its beginning stays in ${part}`;
}

/** What goes wrong with local files is the end of it all: the next file would fare no better. */
async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isCodedError(error)) throw error;
    throw codedError('FILE_UNWRITABLE', error instanceof Error ? error.message : String(error), {
      where: path,
      cause: error,
    });
  }
}
