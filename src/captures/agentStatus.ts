import { rethrowUnlessRecoverable } from '../errors.ts';
import type { Kubectl } from '../kubernetes/kubectl.ts';
import type { headersOnly } from '../settings/index.ts';
import { agentCommand, askAgent } from './agentCommand.ts';
import { mostStatusBytes, parseAgentStatus } from './parseStatus.ts';
import type { CapturedPod } from './pods.ts';

export interface AgentStatus {
  readonly time?: string;
  /** The agent's version. */
  readonly version?: string;
  readonly state: string;
  /** For `idle`: state, duration or packet-count; for `waiting`: what it waits for. */
  readonly reason?: string;
  /** The settings that the agent uses, defaults included. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly started?: string;
  readonly interfaces?: readonly string[];
  readonly filter?: string;
  /** Bytes; 0: whole packets. */
  readonly snaplen?: number | typeof headersOnly;
  /** The file that is being written. */
  readonly file?: string;
  /** Totals since the container started; files are those that were closed and kept. */
  readonly files?: number;
  readonly packets?: number;
  readonly bytes?: number;
  readonly dropped?: { readonly kernel?: number; readonly interface?: number; readonly queue?: number };
  /** The files in the ring now. */
  readonly ring?: { readonly files?: number; readonly bytes?: number };
  readonly upload?: {
    readonly pending?: number;
    readonly pendingBytes?: number;
    readonly lost?: number;
    readonly lastError?: string;
  };
  readonly stream?: { readonly state?: string; readonly lastError?: string };
  /** The status of the container that mirrors; absent when no mirror is set. */
  readonly mirror?: MirrorStatus;
  readonly invalid?: readonly { readonly setting: string; readonly value?: string; readonly reason: string }[];
  readonly lastError?: { readonly time?: string; readonly reason: string };
}

export interface MirrorStatus {
  /** mirroring, idle, waiting, invalid or stopped. */
  readonly state?: string;
  /** What it waits for, or what is wrong. */
  readonly reason?: string;
  /** The value of the setting. */
  readonly destination?: string;
  /** Totals of its VXLAN device. */
  readonly packets?: number;
  readonly bytes?: number;
  readonly dropped?: number;
}

/** The status of an agent, or why it could not be read. */
export type Asked = { readonly status: AgentStatus } | { readonly problem: string };

/**
 * Asks the agent in a pod. A pod that does not answer is not an error, because others may answer.
 * @throws INTERRUPTED, KUBECTL_MISSING
 */
export async function readAgentStatus(kubectl: Kubectl, pod: CapturedPod): Promise<Asked> {
  if (!pod.ready)
    return {
      problem: `its container ${pod.container} does not run; the pod is ${pod.deleting ? 'Terminating' : pod.phase}`,
    };
  return askPod(async () => parseAgentStatus(await askAgent(kubectl, pod, agentCommand('status'), mostStatusBytes)));
}

/** The output of a command in a pod, or its error in a few words. @throws INTERRUPTED, KUBECTL_MISSING */
export async function askPod<T extends object>(ask: () => Promise<T>): Promise<T | { readonly problem: string }> {
  try {
    return await ask();
  } catch (error) {
    rethrowUnlessRecoverable(error);
    return { problem: problemText(error.message) };
  }
}

/** The name of the file that is being written, without its folder; undefined when there is none. */
export function openFile({ file = '' }: AgentStatus): string | undefined {
  return file === '' ? undefined : file.slice(file.lastIndexOf('/') + 1);
}

/** All dropped packets, by the kernel and by the agent. */
export function droppedSum({ dropped = {} }: AgentStatus): number {
  return (dropped.kernel ?? 0) + (dropped.interface ?? 0) + (dropped.queue ?? 0);
}

function problemText(message: string): string {
  if (/there is no status: /.test(message)) return 'its agent is starting and has no status yet';
  return message.replace(/^command terminated with exit code \d+\n?/m, '').trim() || message;
}
