import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { version } from '../../version.ts';
import type { FileName } from './reload.ts';
import { addReviewMetrics, type CountReview } from './reviewMetrics.ts';

const prefix = 'packet_capture_injector_';

/** What the server counts. docs/injector.md has the table. */
export interface Metrics {
  readonly registry: Registry;
  readonly reviewed: CountReview;
  /** A review has begun (1) or was answered (-1). */
  readonly inFlight: (change: 1 | -1) => void;
  readonly refusedRequest: (status: number) => void;
  readonly tlsError: () => void;
  readonly droppedLine: () => void;
  readonly certificateExpires: (at: Date) => void;
  readonly configurationIs: (sha256: string) => void;
  /** A changed file was taken, or refused. */
  readonly reloaded: (file: FileName, result: 'success' | 'failure') => void;
  /** Whether what stands in a file now is not what is used. */
  readonly fileRefused: (file: FileName, refused: boolean) => void;
}

export function makeMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name: prefix + name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> =>
    new Gauge({ name: prefix + name, help, labelNames, registers });

  gauge('info', 'Version of the injector; always 1.', ['version']).set({ version }, 1);
  const reviewed = addReviewMetrics(registry, prefix);
  let inFlight = 0;
  registry.registerMetric(new Gauge({ name: `${prefix}reviews_in_flight`, help: 'Reviews that are being answered.', registers: [], collect() { this.set(inFlight); } }));
  const refused = counter('refused_requests_total', 'Requests that were no review, by HTTP status.', ['status']);
  const tlsErrors = counter('tls_errors_total', 'Connections that failed before a request, as when a client does not trust the certificate.', []);
  const dropped = counter('log_lines_dropped_total', 'Log lines dropped since their reader was too slow.', []);
  const expiry = gauge('certificate_expiry_timestamp_seconds', 'When the served certificate ends, as Unix time.', []);
  const configuration = gauge('configuration_info', 'The configuration in use; always 1.', ['sha256']);
  const reloads = counter('reloads_total', 'Changed files that were taken or refused.', ['file', 'result']);
  const fileRefused = gauge('file_refused', '1 while what stands in a mounted file is refused and the one before is used.', ['file']);

  for (const file of ['configuration', 'certificate'] as const) {
    fileRefused.set({ file }, 0);
    for (const result of ['success', 'failure'] as const) reloads.inc({ file, result }, 0);
  }
  return {
    registry,
    reviewed,
    inFlight: (change) => {
      inFlight += change;
    },
    refusedRequest: (status) => refused.inc({ status }),
    tlsError: () => tlsErrors.inc(),
    droppedLine: () => dropped.inc(),
    certificateExpires: (at) => expiry.set(at.getTime() / 1000),
    configurationIs: (sha256) => {
      configuration.reset();
      configuration.set({ sha256 }, 1);
    },
    reloaded: (file, result) => reloads.inc({ file, result }),
    fileRefused: (file, isRefused) => fileRefused.set({ file }, isRefused ? 1 : 0),
  };
}
