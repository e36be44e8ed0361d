import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { version } from '../../../version.ts';
import type { Verdict } from '../decide.ts';
import { webhookNames, type WebhookName } from '../names.ts';
import { isInjected, reasons, type Reason } from '../reviewReasons.ts';
import type { CloseReason } from './connections.ts';
import type { FileName } from './reload.ts';

/** What the server measures. docs/injector.md has the table of the metrics. */
export interface Metrics {
  readonly registry: Registry;
  /** Counts an answered review. */
  readonly reviewed: (webhook: WebhookName, verdict: Pick<Verdict, 'reason'>, seconds: number) => void;
  /** A review has begun (1) or was answered (-1). */
  readonly inFlight: (change: 1 | -1) => void;
  readonly refusedRequest: (status: number) => void;
  readonly tlsError: () => void;
  readonly closedConnection: (why: CloseReason) => void;
  /** Sets the function that counts the open connections at each scrape. */
  readonly countConnectionsBy: (count: () => number) => void;
  readonly droppedLine: () => void;
  readonly certificateExpires: (at: Date) => void;
  readonly configurationIs: (sha256: string) => void;
  /** A changed file was used, or refused. */
  readonly reloaded: (file: FileName, result: ReloadResult) => void;
  /** Whether the present content of a file is refused, and the content before it is in use. */
  readonly fileRefused: (file: FileName, refused: boolean) => void;
}

/** The label `result` of the metric of reloads. */
export type ReloadResult = 'success' | 'failure';

const prefix = 'packet_capture_injector_';
const webhooks = Object.keys(webhookNames) as readonly WebhookName[];
const files: readonly FileName[] = ['configuration', 'certificate'];
/** Upper bounds of the durations that are counted, in seconds. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/**
 * The injector's metrics in a registry of their own. Every counter whose labels are known has its samples from the
 * start: a counter that is absent until its first event cannot be watched.
 */
export function makeMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[] = []): Counter<T> =>
    new Counter({ name: prefix + name, help, labelNames, registers });
  const gauge = <T extends string>(name: string, help: string, labelNames: readonly T[] = []): Gauge<T> =>
    new Gauge({ name: prefix + name, help, labelNames, registers });

  gauge('info', 'Version of the injector; always 1.', ['version']).set({ version }, 1);
  const reviews = counter('reviews_total', 'Answered reviews.', ['webhook', 'decision', 'reason']);
  const durations = new Histogram({
    name: `${prefix}review_duration_seconds`,
    help: 'Seconds from the head of a review to its answer.',
    labelNames: ['webhook'],
    buckets,
    registers,
  });
  const inFlight = gauge('reviews_in_flight', 'Reviews that are being answered.');
  const refusedRequests = counter('refused_requests_total', 'Requests that were not reviews, by HTTP status.', [
    'status',
  ]);
  const tlsErrors = counter(
    'tls_errors_total',
    'Connections that failed before a request; grows when the API server does not trust the certificate.',
  );
  let countConnections = (): number => 0;
  // oxlint-disable-next-line no-new -- the registry asks it at each scrape
  new Gauge({
    name: `${prefix}connections`,
    help: 'Connections to the port of reviews.',
    registers,
    collect() {
      this.set(countConnections());
    },
  });
  const closedConnections = counter(
    'closed_connections_total',
    'Connections that the server closed: crowded: others needed their place; slow: they took too long.',
    ['reason'],
  );
  const droppedLines = counter('log_lines_dropped_total', 'Log lines dropped because their reader was too slow.');
  const expiry = gauge('certificate_expiry_timestamp_seconds', 'When the served certificate expires, as Unix time.');
  const configuration = gauge(
    'configuration_info',
    '1 for the configuration in use; if replicas differ, some do not use the new one yet.',
    ['sha256'],
  );
  const reloads = counter('reloads_total', 'Changed files that were used or refused.', ['file', 'result']);
  const fileRefused = gauge(
    'file_refused',
    '1 while the content of a mounted file is refused and the previous content is used.',
    ['file'],
  );

  for (const webhook of webhooks) {
    for (const reason of reasons) reviews.inc({ webhook, decision: decisionOf(reason), reason }, 0);
    durations.zero({ webhook });
  }
  for (const reason of ['crowded', 'slow'] satisfies CloseReason[]) closedConnections.inc({ reason }, 0);
  for (const file of files) {
    fileRefused.set({ file }, 0);
    for (const result of ['success', 'failure'] satisfies ReloadResult[]) reloads.inc({ file, result }, 0);
  }
  return {
    registry,
    reviewed: (webhook, { reason }, seconds) => {
      reviews.inc({ webhook, decision: decisionOf(reason), reason });
      durations.observe({ webhook }, seconds);
    },
    inFlight: (change) => inFlight.inc(change),
    refusedRequest: (status) => refusedRequests.inc({ status }),
    tlsError: () => tlsErrors.inc(),
    closedConnection: (reason) => closedConnections.inc({ reason }),
    countConnectionsBy: (count) => {
      countConnections = count;
    },
    droppedLine: () => droppedLines.inc(),
    certificateExpires: (at) => expiry.set(at.getTime() / 1000),
    configurationIs: (sha256) => {
      configuration.reset();
      configuration.set({ sha256 }, 1);
    },
    reloaded: (file, result) => reloads.inc({ file, result }),
    fileRefused: (file, refused) => fileRefused.set({ file }, refused ? 1 : 0),
  };
}

function decisionOf(reason: Reason): Verdict['decision'] {
  return isInjected(reason) ? 'injected' : 'skipped';
}
