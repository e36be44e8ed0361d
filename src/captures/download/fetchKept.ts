import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { rethrowUnlessRecoverable } from '../../errors.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { agentCommand, askAgent } from '../agentCommand.ts';
import type { CapturedPod } from '../findPods.ts';
import type { FetchedFile } from './fetchFile.ts';
import { fetchAll, type PodFetch } from './fetchPod.ts';
import type { KeptFile } from './listing.ts';
import { makeFolder } from './partFile.ts';
import { writeWhole } from './writeWhole.ts';

/** Bytes of keep.json: it has some hundred for each file. */
const mostNoteBytes = 1024 * 1024;

/** The note of a keep in the pod, and here. */
export const noteName = 'keep.json';

/**
 * Fetches the files of keeps into kept/ID, with the note of each, which says who asked and why.
 * @throws as fetchFile
 */
export async function fetchKept(kubectl: Kubectl, fetch: PodFetch, files: readonly KeptFile[]): Promise<FetchedFile[]> {
  const ids = [...new Set(files.map(({ id }) => id))];
  const fetched: FetchedFile[] = [];
  for (const id of ids) {
    const own = files.filter((file) => file.id === id && !file.isNote);
    fetched.push(...(await fetchAll(fetch, own, true)));
    for (const path of [...fetch.folders, join(fetch.folder, 'kept'), join(fetch.folder, 'kept', id)])
      await makeFolder(path);
    const note = await fetchNote(kubectl, fetch.pod, fetch.folder, id);
    fetched.push(note);
    fetch.onFile(note);
  }
  return fetched;
}

/** Fetched each time, since it changes while the window lasts. */
async function fetchNote(kubectl: Kubectl, pod: CapturedPod, folder: string, id: string): Promise<FetchedFile> {
  const file = `kept/${id}/${noteName}`;
  const identity = { namespace: pod.namespace, pod: pod.name, file };
  const missing = { ...identity, bytes: 0, result: 'failed', path: null, sha256: null } as const;
  let answer: string;
  try {
    answer = await readNote(kubectl, pod, id);
  } catch (error) {
    rethrowUnlessRecoverable(error);
    return { ...missing, reason: error.message };
  }
  const end = answer.indexOf('\n');
  const [sha256, text] = [answer.slice(0, end), answer.slice(end + 1)];
  // A command's output comes without its last newline.
  const content = [text, `${text}\n`].map((each) => Buffer.from(each)).find((each) => sumOf(each) === sha256);
  if (content === undefined) return { ...missing, reason: "its checksum is not the pod's" };
  const path = join(folder, 'kept', id, noteName);
  await writeWhole(path, pieceOf(content));
  return { ...identity, bytes: content.length, result: 'downloaded', path, sha256, reason: null };
}

function sumOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/**
 * The note of a keep, behind a line with its checksum.
 * @throws as askAgent
 */
export async function readNote(
  kubectl: Kubectl,
  pod: Pick<CapturedPod, 'namespace' | 'name' | 'container'>,
  id: string,
): Promise<string> {
  return askAgent(kubectl, pod, agentCommand('send', `kept/${id}/${noteName}`), { maxBytes: mostNoteBytes });
}

async function* pieceOf(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}
