import { join } from 'node:path';
import type { Kubectl, KubectlStart } from '../../kubernetes/kubectl.ts';
import { mapParallel } from '../parallel.ts';
import { findPods, type CapturedPod, type PodName, type PodTarget } from '../pods.ts';
import { fetchFile, type FetchedFile } from './fetchFile.ts';
import { listFiles, type RemoteFile } from './listing.ts';
import { makeFolder } from './partFile.ts';

export interface DownloadOptions {
  readonly kubectl: Kubectl;
  readonly start: KubectlStart;
  readonly target: PodTarget;
  /** The folder for the pods' folders; with all namespaces, each namespace has a folder too. */
  readonly folder: string;
  /** Also fetch files that are still being written. */
  readonly openFiles: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called at every progress. */
  readonly onProgress: (progress: DownloadProgress) => void;
  /** Called once for each file, with its result. */
  readonly onFile: (file: FetchedFile) => void;
}

export interface DownloadProgress {
  /** The bytes of the files to fetch. */
  readonly files: number;
  readonly filesDone: number;
  readonly bytes: number;
  readonly bytesDone: number;
}

/** The results for all files and pods; plain data. */
export interface DownloadResult {
  readonly files: readonly FetchedFile[];
  /** Pods whose files could not be listed, and why. */
  readonly problems: readonly (PodName & { readonly problem: string })[];
  /** Pods of the target without the sidecar. */
  readonly without: readonly PodName[];
  /** How many pods have the sidecar. */
  readonly pods: number;
  /** The target, for messages. */
  readonly where: string;
  /** As in FoundPods. */
  readonly ended?: string | undefined;
}

/** How many pods are read at once; the files of a pod are fetched one after the other, the oldest first. */
const atOnce = 4;

/**
 * Fetches the capture files of all pods of a target, except those that are here already.
 * @throws as findPods, FILE_UNWRITABLE, INTERRUPTED, KUBECTL_MISSING; errors of one file or pod are in the result
 */
export async function downloadFiles(options: DownloadOptions): Promise<DownloadResult> {
  const { kubectl, target, folder } = options;
  const { captured, without, where, ended } = await findPods(kubectl, target);
  const ledger = createLedger(options.onProgress);
  const problems: (PodName & { readonly problem: string })[] = [];
  const byPod = await mapParallel(captured, atOnce, async (pod) => {
    const listing = await listFiles(kubectl, pod);
    if ('problem' in listing) {
      problems.push({ namespace: pod.namespace, name: pod.name, problem: listing.problem });
      return [];
    }
    const folders = [folder, ...(target.allNamespaces === true ? [join(folder, pod.namespace)] : [])];
    const own = join(folders.at(-1) ?? folder, pod.name);
    return fetchAll({ ...options, folder: own, folders: [...folders, own] }, pod, listing.files, ledger);
  });
  return { files: byPod.flat(), problems, without, pods: captured.length, where, ended };
}

/** @param options.folders the pod's folder, and those above it */
async function fetchAll(
  options: DownloadOptions & { readonly folders: readonly string[] },
  pod: CapturedPod,
  files: readonly RemoteFile[],
  ledger: Ledger,
): Promise<FetchedFile[]> {
  const { openFiles, folder, folders, onFile, start, signal } = options;
  const wanted = files.filter(({ open }) => openFiles || !open);
  ledger.expect(wanted);
  if (wanted.length > 0) for (const path of folders) await makeFolder(path);
  const fetched: FetchedFile[] = [];
  for (const file of files) {
    const result = wanted.includes(file)
      ? await fetchFile({ start, pod, file, folder, signal, onBytes: (bytes) => ledger.received(bytes) })
      : leftOpen(pod, file);
    if (wanted.includes(file)) ledger.done(file, result);
    fetched.push(result);
    onFile(result);
  }
  return fetched;
}

function leftOpen({ namespace, name }: CapturedPod, file: RemoteFile): FetchedFile {
  return {
    namespace,
    pod: name,
    file: file.name,
    bytes: file.bytes,
    result: 'open',
    path: null,
    sha256: null,
    reason: null,
  };
}

interface Ledger {
  readonly expect: (files: readonly RemoteFile[]) => void;
  readonly received: (bytes: number) => void;
  readonly done: (file: RemoteFile, result: FetchedFile) => void;
}

function createLedger(onProgress: (progress: DownloadProgress) => void): Ledger {
  const sums = { files: 0, filesDone: 0, bytes: 0, bytesDone: 0 };
  return {
    expect: (files) => {
      sums.files += files.length;
      sums.bytes += files.reduce((sum, { bytes }) => sum + bytes, 0);
      onProgress(sums);
    },
    received: (bytes) => {
      sums.bytesDone += bytes;
      onProgress(sums);
    },
    done: (file, { result }) => {
      sums.filesDone += 1;
      if (result === 'present') sums.bytesDone += file.bytes;
      onProgress(sums);
    },
  };
}
