import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { parseTime } from '../../time.ts';
import { agentClock, thisMoment, type AgentClock } from '../agentClock.ts';
import { agentCommand, askAgent } from '../agentCommand.ts';
import { openFile, type AgentStatus, type NoAnswer } from '../agentStatus.ts';
import { notRunning, type CapturedPod } from '../findPods.ts';
import { parseAgentStatus } from '../parseAgentStatus.ts';
import { askPod } from '../readAgentStatus.ts';

/** A capture file in a pod. */
export interface RemoteFile {
  /** The name without its folder. */
  readonly name: string;
  /** The size when it was listed. */
  readonly bytes: number;
  /** It is still being written. */
  readonly open: boolean;
  /** The name of the same file in a keep: it stays there when the ring removes it. */
  readonly alsoKept?: string;
}

/** Limits for one pod: a ring has few files, and a name at most 255 characters. */
const mostFiles = 100_000;
const mostListingBytes = 16 * 1024 * 1024;

/** A file that is kept, `kept/ID/NAME`: a capture file, or the note of its keep. */
export interface KeptFile extends RemoteFile {
  /** Of its keep. */
  readonly id: string;
  readonly isNote: boolean;
}

/** What one pod has: the files of its ring, its kept files, and its clock. */
export interface Listing {
  /** The oldest first. */
  readonly files: readonly RemoteFile[];
  /** By keep, the oldest first. */
  readonly kept: readonly KeptFile[];
  /** Undefined for an agent that does not report it. */
  readonly clock: AgentClock | undefined;
}

/** A listing, or one clause that says why the pod could not be asked. */
export type Listed = Listing | NoAnswer;

/**
 * The capture files of a pod and its clock, or why it could not be asked.
 * @throws INTERRUPTED, KUBECTL_MISSING
 */
export async function listFiles(kubectl: Kubectl, pod: CapturedPod): Promise<Listed> {
  if (!pod.ready) return { problem: notRunning(pod) };
  const listed = await askPod(async () => {
    const asked = thisMoment();
    const text = await askAgent(kubectl, pod, agentCommand('send', '--list'), { maxBytes: mostListingBytes });
    const now = parseNow(text);
    return {
      files: parseListing(text, pod.name),
      kept: parseKept(text),
      clock: now === undefined ? undefined : agentClock(now, asked, thisMoment()),
    };
  });
  return 'files' in listed && listed.files.length + listed.kept.length > mostFiles
    ? { problem: `it lists more than ${mostFiles} capture files` }
    : listed;
}

/**
 * Parses a listing. Pure. The status comes first: files that were opened after it are newer than the open file that it
 * names. Names come from the pod, so a name that would lead to another folder is ignored.
 */
export function parseListing(text: string, pod: string): RemoteFile[] {
  const [first = '', ...lines] = text.split('\n');
  const found = lines.flatMap((line) => {
    const [, bytes = '', name = ''] = /^(\d{1,15}) ([A-Za-z0-9][A-Za-z0-9._-]{0,250}\.pcapng)$/.exec(line) ?? [];
    return name === '' ? [] : [{ name, bytes: Number(bytes) }];
  });
  const files = [...new Map(found.map((file) => [file.name, file])).values()].toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const ring = files.filter(({ name }) => isOfRing(name, pod)).map(({ name }) => name);
  const asked = parseAgentStatus(first);
  const oldestOpen = 'status' in asked ? openName(asked.status) : ring.at(-1);
  return files.map((file) => ({
    ...file,
    open: oldestOpen !== undefined && isOfRing(file.name, pod) && file.name >= oldestOpen,
  }));
}

/** Parses the lines of kept files in a listing. Names come from the pod, so those of another form are ignored. Pure. */
export function parseKept(text: string): KeptFile[] {
  return text.split('\n').flatMap((line) => {
    const [, bytes = '', path = '', id = '', name = ''] =
      /^(\d{1,15}) (kept\/([A-Za-z0-9][A-Za-z0-9-]{0,63})\/(keep\.json|[A-Za-z0-9][A-Za-z0-9._-]{0,250}\.pcapng))$/.exec(
        line,
      ) ?? [];
    return id === '' ? [] : [{ name: path, bytes: Number(bytes), open: false, id, isNote: name === 'keep.json' }];
  });
}

/** What the agent's clock shows, in nanoseconds: the line `now TIME`. Pure. */
function parseNow(text: string): bigint | undefined {
  const [, now = ''] = /^now (\S{1,40})$/m.exec(text) ?? [];
  return parseTime(now);
}

function openName(status: AgentStatus): string | undefined {
  return status.state === 'capturing' ? openFile(status) : undefined;
}

/** `POD_TIME_NUMBER.pcapng`: names that sort by age. See docs/agent.md. */
function isOfRing(name: string, pod: string): boolean {
  return openedAt(name, pod) !== undefined;
}

/** The second in which a file of the ring was opened, in nanoseconds, by its name; undefined for other files. Pure. */
export function openedAt(name: string, pod: string): bigint | undefined {
  const base = name.slice(name.lastIndexOf('/') + 1);
  if (!base.startsWith(`${pod}_`)) return undefined;
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)_\d+\.pcapng$/.exec(base.slice(pod.length + 1)) ?? [];
  return parseTime(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
