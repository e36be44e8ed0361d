import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codedError, type CodedError, isCodedError, rethrowUnlessRecoverable } from '../../errors.ts';
import { fileProblem } from '../../fileProblem.ts';
import { pause } from '../pause.ts';
import type { RemoteFile } from './listing.ts';
import { ownName, sizeOf } from './partFile.ts';
import { transfer, type TransferEnd, type TransferOptions } from './transfer.ts';

/** The result for a file; plain data, for people and for programs. */
export interface FetchedFile {
  readonly namespace: string;
  readonly pod: string;
  readonly file: string;
  /**
   * present: it was here already; vanished: it was removed from the ring before it was fetched; open: it is still being
   * written, and was left out; outside: it has no packet of the window.
   */
  readonly result: 'downloaded' | 'resumed' | 'present' | 'vanished' | 'open' | 'outside' | 'failed';
  readonly bytes: number;
  /** Where it is now, or what was cut from it; null when it is not here. */
  readonly path: string | null;
  /** The checksum of the whole, which is that of the file in the pod too. */
  readonly sha256: string | null;
  /** Why it is not here. */
  readonly reason: string | null;
  /** What it has of the window; absent when no window was asked for. */
  readonly window?: WindowShare;
}

/** What a file has of a window. */
export interface WindowShare {
  /** Its packets in the window. */
  readonly packets: number;
  /** Its other packets. */
  readonly outside: number;
}

/** One file of one pod, and the local folder that gets it. */
export interface FetchOptions extends Omit<TransferOptions, 'part'> {
  readonly folder: string;
  /**
   * Give it a name of this command alone ({@link ownName}), because the command will cut or remove it. A file that is
   * here already keeps its name.
   */
  readonly own?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Attempts in a row without a new byte after which it gives up. */
const fruitlessTries = 3;
/** All attempts, even if each of them brings some bytes. */
const mostTries = 100;

/** Attempts after another command has taken the part: at the next one it is alone, or finds the file complete. */
const takenTries = 5;

/**
 * Fetches one file into a folder. It gets its name only when it is complete and its checksum is the pod's; until then
 * it is called NAME.part, and a later call continues it. A file that is still being written is never continued, so each
 * call has a part of its own, and of two at once both have a whole file.
 * @throws FILE_UNWRITABLE, INTERRUPTED, KUBECTL_MISSING
 */
export async function fetchFile(options: FetchOptions): Promise<FetchedFile> {
  const { pod, file, folder } = options;
  const path = join(folder, localName(file));
  const identity = { namespace: pod.namespace, pod: pod.name, file: file.name, bytes: file.bytes };
  const present = async (): Promise<FetchedFile | undefined> =>
    !file.open && (await sizeOf(path)) === file.bytes
      ? { ...identity, result: 'present', path, sha256: null, reason: null }
      : undefined;
  for (let tries = 1; ; tries += 1) {
    const before = await present();
    if (before !== undefined) return before;
    const part = file.open ? `${ownName(path)}.part` : `${path}.part`;
    const target = options.own === true ? ownName(path) : path;
    const end = await writing(path, async () => named(options, { part, target, path }));
    if (end.kind === 'whole')
      return {
        ...identity,
        result: end.resumedAt > 0 ? 'resumed' : 'downloaded',
        path: target,
        sha256: end.sha256,
        reason: null,
      };
    // Another command that fetches the same file has given it its name.
    const meanwhile = await present();
    if (meanwhile !== undefined) return meanwhile;
    if (end.kind === 'taken' && tries < takenTries) continue;
    const reason = end.kind === 'vanished' ? await vanishedReason(part) : failureReason(end);
    const result = end.kind === 'vanished' ? 'vanished' : 'failed';
    return { ...identity, result, path: null, sha256: null, reason };
  }
}

/** Where a file is written to, what it is called then, and what others call it. */
interface Names {
  readonly part: string;
  readonly target: string;
  readonly path: string;
}

/** Brings the file, and gives it its name. */
async function named(options: FetchOptions, { part, target, path }: Names): Promise<TransferEnd> {
  const { file, folder } = options;
  const end = await bring({ ...options, part }).catch(async (error: unknown) => {
    if (file.open) await rm(part, { force: true });
    throw error;
  });
  // Others have the part of a file that is complete in the pod.
  if (end.kind !== 'whole' && (file.open || (await sizeOf(part)) === 0)) await rm(part, { force: true });
  if (end.kind !== 'whole') return end;
  if (!(await renamed(part, target))) return { kind: 'taken' };
  if (!file.open && target === path) await rm(join(folder, localName({ ...file, open: true })), { force: true });
  return end;
}

/** Renames a file. False: it is not there any more, because another command has renamed it. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return false;
  }
}

/** A file that is still being written gets another name here, because its content will change. */
export function localName({ name, open }: Pick<RemoteFile, 'name' | 'open'>): string {
  return open ? name.replace(/\.pcapng$/, '.open.pcapng') : name;
}

/**
 * Tries until the file is complete, or several attempts in a row have brought no new byte. A part that is thrown away
 * and fetched again is not new.
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

/** Errors after which another attempt would fail too. */
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
  if (end.kind === 'taken') return 'another command fetches the same file; run this one again';
  if (end.kind === 'unequal') return "in every attempt its checksum was not the pod's";
  return `the connection ended early: ${end.error?.message ?? 'without an error'}`;
}

async function vanishedReason(part: string): Promise<string> {
  const reason = 'it was removed from the ring before it could be fetched';
  return (await sizeOf(part)) === undefined ? reason : `${reason} completely; its beginning is in ${part}`;
}

/** Errors of local files end the command, because the next file would fail too. */
async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isCodedError(error)) throw error;
    throw codedError('FILE_UNWRITABLE', fileProblem(error), {
      where: path,
      cause: error,
    });
  }
}
