import { rethrowUnlessRecoverable } from '../errors.ts';
import type { Kubectl } from '../kubernetes/kubectl.ts';
import type { headersOnly } from '../settings/index.ts';
import { agentCommand, askAgent } from './agentCommand.ts';
import type { CapturedPod } from './pods.ts';
import { mostStatusBytes, parseAgentStatus } from './readStatusFile.ts';

export interface AgentStatus {
  readonly time?: string;
  /** Of the agent. */
  readonly version?: string;
  readonly state: string;
  /** Of `idle`: state, duration, packet-count; of `waiting`: what it waits for. */
  readonly reason?: string;
  /** What is set, as the agent has taken it, defaults included. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly started?: string;
  readonly interfaces?: readonly string[];
  readonly filter?: string;
  /** Bytes; 0: whole packets. */
  readonly snaplen?: number | typeof headersOnly;
  /** The file that is being written. */
  readonly file?: string;
  /** Sums since the container started; files are those that were closed and kept. */
  readonly files?: number;
  readonly packets?: number;
  readonly bytes?: number;
  readonly dropped?: { readonly kernel?: number; readonly interface?: number; readonly queue?: number };
  /** What lies in the ring now. */
  readonly ring?: { readonly files?: number; readonly bytes?: number };
  readonly upload?: {
    readonly pending?: number;
    readonly pendingBytes?: number;
    readonly lost?: number;
    readonly lastError?: string;
  };
  readonly stream?: { readonly state?: string; readonly lastError?: string };
  /** Of the container that mirrors; absent when no mirror is set. */
  readonly mirror?: MirrorStatus;
  readonly invalid?: readonly { readonly setting: string; readonly value?: string; readonly reason: string }[];
  readonly lastError?: { readonly time?: string; readonly reason: string };
}

export interface MirrorStatus {
  /** mirroring, idle, waiting, invalid or stopped. */
  readonly state?: string;
  /** What it waits for, or what is wrong. */
  readonly reason?: string;
  /** As the setting has it. */
  readonly destination?: string;
  /** Sums of its VXLAN device. */
  readonly packets?: number;
  readonly bytes?: number;
  readonly dropped?: number;
}

/** What an agent said, or why it could not be asked. */
export type Asked = { readonly status: AgentStatus } | { readonly problem: string };

/**
 * Asks the agent in a pod. A pod that does not answer is no error, for others may.
 * @throws INTERRUPTED, KUBECTL_MISSING
 */
export async function readAgentStatus(kubectl: Kubectl, pod: CapturedPod): Promise<Asked> {
  if (!pod.ready)
    return {
      problem: `its container ${pod.container} does not run; the pod is ${pod.deleting ? 'Terminating' : pod.phase}`,
    };
  return askPod(async () => parseAgentStatus(await askAgent(kubectl, pod, agentCommand('status'), mostStatusBytes)));
}

/** The answer of a command in a pod, or the problem of its error, in few words. @throws INTERRUPTED, KUBECTL_MISSING */
export async function askPod<T extends object>(ask: () => Promise<T>): Promise<T | { readonly problem: string }> {
  try {
    return await ask();
  } catch (error) {
    rethrowUnlessRecoverable(error);
    return { problem: problemText(error.message) };
  }
}

/** The file that is being written, without its folder; undefined while none is. */
export function openFile({ file = '' }: AgentStatus): string | undefined {
  return file === '' ? undefined : file.slice(file.lastIndexOf('/') + 1);
}

/** All that was lost, wherever. */
export function droppedSum({ dropped = {} }: AgentStatus): number {
  return (dropped.kernel ?? 0) + (dropped.interface ?? 0) + (dropped.queue ?? 0);
}

function problemText(message: string): string {
  if (/there is no status: /.test(message)) return 'its agent tells no status yet: it starts';
  return message.replace(/^command terminated with exit code \d+\n?/m, '').trim() || message;
}
