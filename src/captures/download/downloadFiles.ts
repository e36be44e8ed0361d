import { basename, join } from 'node:path';
import type { Kubectl, KubectlStart } from '../../kubernetes/kubectl.ts';
import { formatTime } from '../../time.ts';
import type { NoAnswer } from '../agentStatus.ts';
import { findPods, type BarePod, type CapturedPod, type PodName, type PodTarget } from '../findPods.ts';
import { mapParallel } from '../parallel.ts';
import { pause } from '../pause.ts';
import { clockText, windowOfPod, type PodWindow, type WindowRequest } from '../timeWindow.ts';
import type { FetchedFile } from './fetchFile.ts';
import { fetchKept } from './fetchKept.ts';
import { fetchAll, fetchWindow } from './fetchPod.ts';
import { createLedger, type DownloadProgress } from './ledger.ts';
import { listFiles, type KeptFile, type Listing, type RemoteFile } from './listing.ts';
import { beginsLate, filesOfWindow } from './windowFiles.ts';

/** Which files of which pods come into which folder. `onFile` is the only report of a file that failed. */
export interface DownloadOptions {
  readonly kubectl: Kubectl;
  readonly start: KubectlStart;
  readonly target: PodTarget;
  /** The folder for the pods' folders; with all namespaces, each namespace has a folder too. */
  readonly folder: string;
  /** Also fetch files that are still being written. */
  readonly openFiles: boolean;
  /** Only packets of this window: files that can have some are fetched whole, open ones too, and cut. */
  readonly window?: WindowRequest | undefined;
  /** Only files that are kept, of all keeps or of one; not those of the ring. */
  readonly kept?: 'all' | { readonly id: string } | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called at every progress. */
  readonly onProgress: (progress: DownloadProgress) => void;
  /** Called once for each file, with its result. */
  readonly onFile: (file: FetchedFile) => void;
  /** Called for each pod whose files are fetched for a window. */
  readonly onWindow?: ((pod: DownloadedWindow) => void) | undefined;
}

/** The window in a pod's own clock; plain data. Times are RFC 3339, in UTC. */
export interface DownloadedWindow {
  readonly namespace: string;
  readonly pod: string;
  readonly from: string;
  /** The first moment behind the window. */
  readonly to: string;
  /** When its oldest file was opened, if that was within the window; null otherwise. */
  readonly begins: string | null;
  /** Seconds by which its clock is ahead of this machine's, or behind it; 0 for at most one. */
  readonly clockAhead: number;
  /** What to tell people of its clock; null when there is nothing. */
  readonly note: string | null;
}

/** The results for all files and pods; plain data. */
export interface DownloadResult {
  readonly files: readonly FetchedFile[];
  /** The window of each pod; empty when none was asked for. */
  readonly windows: readonly DownloadedWindow[];
  /** Pods whose files could not be listed, and why. */
  readonly problems: readonly (PodName & NoAnswer)[];
  /** Pods of the target without the sidecar. */
  readonly without: readonly BarePod[];
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
  const problems: (PodName & NoAnswer)[] = [];
  const windows: DownloadedWindow[] = [];
  const byPod = await mapParallel(captured, atOnce, async (pod) => {
    await untilWritten(options);
    const listing = await listFiles(kubectl, pod);
    if ('problem' in listing) {
      problems.push({ namespace: pod.namespace, name: pod.name, ...listing });
      return [];
    }
    const folders = [folder, ...(target.allNamespaces === true ? [join(folder, pod.namespace)] : [])];
    const own = join(folders.at(-1) ?? folder, pod.name);
    const fetch = { ...options, pod, folder: own, folders: [...folders, own], ledger };
    if (options.kept !== undefined) return fetchKept(kubectl, fetch, wantedKept(listing.kept, options.kept));
    if (options.window === undefined) return fetchAll(fetch, listing.files, options.openFiles);
    const window = windowOfPod(options.window, listing.clock);
    const said = downloadedWindow(pod, listing.files, window);
    windows.push(said);
    options.onWindow?.(said);
    return fetchWindow(fetch, filesOfWindow(candidates(listing), pod.name, window), window);
  });
  return { files: byPod.flat(), windows, problems, without, pods: captured.length, where, ended };
}

/** Each file once: of the ring, or else of a keep. */
function candidates({ files, kept }: Listing): RemoteFile[] {
  const others = new Map(kept.filter(({ isNote }) => !isNote).map((file) => [basename(file.name), file]));
  const ring = files.map((file): RemoteFile => {
    const other = others.get(file.name);
    others.delete(file.name);
    return other === undefined ? file : { ...file, alsoKept: other.name };
  });
  return [...ring, ...others.values()].toSorted((a, b) => (basename(a.name) < basename(b.name) ? -1 : 1));
}

function wantedKept(kept: readonly KeptFile[], wanted: 'all' | { readonly id: string }): readonly KeptFile[] {
  return wanted === 'all' ? kept : kept.filter(({ id }) => id === wanted.id);
}

/** Milliseconds after which the agent has written a packet: twice as long as it waits for more (docs/agent.md). */
const writtenAfter = 200;

/** A window that ends now has all packets until now only when they are in the file. */
async function untilWritten({ window, signal }: DownloadOptions): Promise<void> {
  if (window === undefined) return;
  const left = writtenAfter - (performance.now() - window.asked.steady);
  if (left > 0) await pause(left, signal);
}

function downloadedWindow(pod: CapturedPod, files: readonly RemoteFile[], window: PodWindow): DownloadedWindow {
  const begins = beginsLate(files, pod.name, window);
  return {
    namespace: pod.namespace,
    pod: pod.name,
    from: formatTime(window.from),
    to: formatTime(window.to),
    begins: begins === undefined ? null : formatTime(begins),
    clockAhead: window.ahead,
    note: clockText(window) ?? null,
  };
}
