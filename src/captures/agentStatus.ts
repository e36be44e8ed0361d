import type { headersOnly } from '../settings/index.ts';

/** What an agent reports about itself (`packet-capture-agent status`), the valid part of it. */
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
  /** Of an attached agent: when it ends by itself, RFC 3339. */
  readonly attached?: { readonly until?: string };
  /** The status of the container that mirrors; absent when no mirror is set. */
  readonly mirror?: MirrorStatus;
  readonly invalid?: readonly { readonly setting: string; readonly value?: string; readonly reason: string }[];
  readonly lastError?: { readonly time?: string; readonly reason: string };
}

/** What the container that mirrors reports about itself. */
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

/** The name of the file that is being written, without its folder; undefined when there is none. */
export function openFile({ file = '' }: AgentStatus): string | undefined {
  return file === '' ? undefined : file.slice(file.lastIndexOf('/') + 1);
}

/** All dropped packets, by the kernel and by the agent. */
export function droppedSum({ dropped = {} }: AgentStatus): number {
  return (dropped.kernel ?? 0) + (dropped.interface ?? 0) + (dropped.queue ?? 0);
}
