import { join } from 'node:path';
import type { KubectlStart } from '../../kubernetes/kubectl.ts';
import type { CapturedPod } from '../findPods.ts';
import type { PodWindow } from '../timeWindow.ts';
import { cutFetched } from './cutFile.ts';
import { fetchFile, type FetchedFile } from './fetchFile.ts';
import type { Ledger } from './ledger.ts';
import type { RemoteFile } from './listing.ts';
import { makeFolder } from './partFile.ts';
import type { WindowFiles } from './windowFiles.ts';

/** How the files of one pod are fetched. */
export interface PodFetch {
  readonly start: KubectlStart;
  readonly pod: CapturedPod;
  /** The pod's folder. */
  readonly folder: string;
  /** The same, and those above it: they are made when there is a file. */
  readonly folders: readonly string[];
  readonly ledger: Ledger;
  readonly signal?: AbortSignal | undefined;
  /** Called once for each file, with its result. */
  readonly onFile: (file: FetchedFile) => void;
}

/** Fetches the files of a pod. @param openFiles also those that are still being written */
export async function fetchAll(
  fetch: PodFetch,
  files: readonly RemoteFile[],
  openFiles: boolean,
): Promise<FetchedFile[]> {
  const wanted = files.filter(({ open }) => openFiles || !open);
  await begin(fetch, wanted);
  const fetched: FetchedFile[] = [];
  for (const file of files) {
    const result = wanted.includes(file) ? await fetchOne(fetch, file) : leftOpen(fetch.pod, file);
    fetched.push(result);
    fetch.onFile(result);
  }
  return fetched;
}

/** Fetches the files that can have packets of the window, open ones too, and cuts them. */
export async function fetchWindow(
  fetch: PodFetch,
  { wanted, late }: WindowFiles,
  window: PodWindow,
): Promise<FetchedFile[]> {
  await begin(fetch, wanted);
  const fetched: FetchedFile[] = [];
  let passed = false;
  for (const file of [...wanted, ...late]) {
    if (late.includes(file)) {
      if (passed) break;
      await begin(fetch, [file]);
    }
    const cut = await cutFetched(await fetchFromEither(fetch, file), window);
    passed ||= cut.passed;
    fetched.push(cut.file);
    fetch.onFile(cut.file);
  }
  return fetched;
}

async function begin({ ledger, folders }: PodFetch, files: readonly RemoteFile[]): Promise<void> {
  ledger.expect(files);
  if (files.length > 0) for (const path of folders) await makeFolder(path);
}

async function fetchOne(fetch: PodFetch, file: RemoteFile, own = false): Promise<FetchedFile> {
  const { start, pod, folder, ledger, signal } = fetch;
  // A kept file lies in folders of its own.
  const parents = file.name.split('/').slice(0, -1);
  for (const depth of parents.keys()) await makeFolder(join(folder, ...parents.slice(0, depth + 1)));
  const result = await fetchFile({ start, pod, file, folder, own, signal, onBytes: (bytes) => ledger.received(bytes) });
  ledger.done(file, result);
  return result;
}

/** To be cut. The ring may have removed a file since it was listed; a keep has it still. */
async function fetchFromEither(fetch: PodFetch, file: RemoteFile): Promise<FetchedFile> {
  const fetched = await fetchOne(fetch, file, true);
  if (fetched.result !== 'vanished' || file.alsoKept === undefined) return fetched;
  const kept = { name: file.alsoKept, bytes: file.bytes, open: false };
  await begin(fetch, [kept]);
  return fetchOne(fetch, kept, true);
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
