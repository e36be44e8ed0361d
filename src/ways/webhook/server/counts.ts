import type { Closed } from './door.ts';
import type { FileName } from './reload.ts';
import { countReviews, type CountReview, type Tallies } from './tallies.ts';

/** What the server counts. docs/injector.md has the table. */
export interface Metrics {
  readonly counts: Counts;
  readonly reviewed: CountReview;
  /** A review has begun (1) or was answered (-1). */
  readonly inFlight: (change: 1 | -1) => void;
  readonly refusedRequest: (status: number) => void;
  readonly tlsError: () => void;
  readonly closedConnection: (why: Closed) => void;
  /** How many there are is asked of this from now on. */
  readonly connectionsAre: (count: () => number) => void;
  readonly droppedLine: () => void;
  readonly certificateExpires: (at: Date) => void;
  readonly configurationIs: (sha256: string) => void;
  /** A changed file was taken, or refused. */
  readonly reloaded: (file: FileName, result: ReloadResult) => void;
  /** Whether what stands in a file now is not what is used. */
  readonly fileRefused: (file: FileName, refused: boolean) => void;
}

export type ReloadResult = 'success' | 'failure';
export const files: readonly FileName[] = ['configuration', 'certificate'];
export const reloadResults: readonly ReloadResult[] = ['success', 'failure'];

/** As it stands. */
export interface Counts {
  readonly tallies: Tallies;
  inFlight: number;
  /** By HTTP status. */
  readonly refusedRequests: Map<number, number>;
  tlsErrors: number;
  readonly closedConnections: Record<Closed, number>;
  connections: () => number;
  droppedLines: number;
  certificateExpires: Date | undefined;
  /** SHA-256 of the one in use. */
  configuration: string | undefined;
  readonly reloads: Readonly<Record<FileName, Record<ReloadResult, number>>>;
  readonly refusedFiles: Set<FileName>;
}

/**
 * Everything is counted in plain numbers, and becomes metrics when somebody asks for them: it takes their library
 * longer to find the sample of a few labels than the server to decide about a pod, and longer to load than to start the
 * server.
 */
export function makeMetrics(): Metrics {
  const { tallies, count } = countReviews();
  const counts: Counts = {
    tallies,
    inFlight: 0,
    refusedRequests: new Map(),
    tlsErrors: 0,
    closedConnections: { crowded: 0, slow: 0 },
    connections: () => 0,
    droppedLines: 0,
    certificateExpires: undefined,
    configuration: undefined,
    reloads: { configuration: { success: 0, failure: 0 }, certificate: { success: 0, failure: 0 } },
    refusedFiles: new Set(),
  };
  return {
    counts,
    reviewed: count,
    inFlight: (change) => {
      counts.inFlight += change;
    },
    refusedRequest: (status) => {
      counts.refusedRequests.set(status, (counts.refusedRequests.get(status) ?? 0) + 1);
    },
    tlsError: () => {
      counts.tlsErrors += 1;
    },
    closedConnection: (why) => {
      counts.closedConnections[why] += 1;
    },
    connectionsAre: (ask) => {
      counts.connections = ask;
    },
    droppedLine: () => {
      counts.droppedLines += 1;
    },
    certificateExpires: (at) => {
      counts.certificateExpires = at;
    },
    configurationIs: (sha256) => {
      counts.configuration = sha256;
    },
    reloaded: (file, result) => {
      counts.reloads[file][result] += 1;
    },
    fileRefused: (file, refused) => {
      if (refused) counts.refusedFiles.add(file);
      else counts.refusedFiles.delete(file);
    },
  };
}
