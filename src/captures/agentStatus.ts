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
  /** The files that are kept out of the ring's rotation. */
  readonly kept?: KeptFiles;
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
export interface KeptFiles {
  readonly keeps?: number;
  /** Each counts once, however many keeps have it. */
  readonly files?: number;
  readonly bytes?: number;
  /** How many bytes there may be. */
  readonly limit?: number;
  /** The keeps, the oldest first; of them, those whose window has not ended. */
  readonly ids?: readonly string[];
  readonly lasting?: readonly string[];
  /** Files that are to be uploaded. */
  readonly pending?: number;
  /** Since the container started: files for which there was no room, keeps that gave way to others, errors. */
  readonly leftOut?: number;
  readonly removed?: number;
  readonly failed?: number;
}

/** A keep, as its keep.json has it: the files of a window. Times are RFC 3339. */
export interface KeptWindow {
  /** Its folder in the pod is kept/ID. */
  readonly id: string;
  readonly from?: string;
  readonly to?: string;
  /** When the agent was asked, by its clock. */
  readonly requestedAt?: string;
  /** The number of files, and their size. */
  readonly files?: number;
  readonly bytes?: number;
  /** In all files; absent while the window lasts, because they are counted at its end. */
  readonly packets?: number;
  readonly dropped?: number;
  /** All files of the window were kept, until its end; false while it lasts. */
  readonly complete?: boolean;
  /** When the last file was kept; absent while the window lasts. */
  readonly ended?: string;
  /** The files for which there was no room. */
  readonly truncated?: { readonly files?: number; readonly bytes?: number };
}

/**
 * What the container that mirrors reports, in the `status` of the agent. A pod wrote it, so any field may be absent.
 */
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

/** Why an agent gave no answer. */
export interface NoAnswer {
  readonly problem: string;
  /** It is of another version, which does not know the question: to ask again changes nothing. */
  readonly otherVersion?: true;
}

/** The status of an agent, or why it could not be read. */
export type Asked = { readonly status: AgentStatus } | NoAnswer;

/** The name of the file that is being written, without its folder; undefined when there is none. */
export function openFile({ file = '' }: AgentStatus): string | undefined {
  return file === '' ? undefined : file.slice(file.lastIndexOf('/') + 1);
}

/** All dropped packets, by the kernel and by the agent. */
export function droppedSum({ dropped = {} }: AgentStatus): number {
  return (dropped.kernel ?? 0) + (dropped.interface ?? 0) + (dropped.queue ?? 0);
}
