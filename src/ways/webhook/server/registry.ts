import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { version } from '../../../version.ts';
import { files, reloadResults, type Counts } from './counts.ts';
import { addReviewMetrics } from './reviewMetrics.ts';

const prefix = 'packet_capture_injector_';

type Labels = Readonly<Record<string, string | number>>;
type Sample = readonly [labels: Labels, value: number];

/** The counts as Prometheus' metrics, and those of Node and the process beside them. */
export function makeRegistry(counts: Counts): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string, labelNames: readonly string[], samples: () => readonly Sample[]): void =>
    registry.registerMetric(
      new Counter({
        name: prefix + name,
        help,
        labelNames,
        registers: [],
        collect() {
          this.reset();
          for (const [labels, value] of samples()) this.inc(labels, value);
        },
      }),
    );
  const gauge = (name: string, help: string, labelNames: readonly string[], samples: () => readonly Sample[]): void =>
    registry.registerMetric(
      new Gauge({
        name: prefix + name,
        help,
        labelNames,
        registers: [],
        collect() {
          this.reset();
          for (const [labels, value] of samples()) this.set(labels, value);
        },
      }),
    );

  gauge('info', 'Version of the injector; always 1.', ['version'], () => [[{ version }, 1]]);
  addReviewMetrics(registry, prefix, counts.tallies);
  gauge('reviews_in_flight', 'Reviews that are being answered.', [], () => [[{}, counts.inFlight]]);
  counter('refused_requests_total', 'Requests that were not reviews, by HTTP status.', ['status'], () =>
    [...counts.refusedRequests].map(([status, count]) => [{ status }, count]),
  );
  counter(
    'tls_errors_total',
    'Connections that failed before a request, as when a client does not trust the certificate.',
    [],
    () => [[{}, counts.tlsErrors]],
  );
  gauge('connections', 'Connections to the port of reviews.', [], () => [[{}, counts.connections()]]);
  counter(
    'closed_connections_total',
    'Connections that were closed because others needed their place, or because they took too long.',
    ['reason'],
    () => Object.entries(counts.closedConnections).map(([reason, count]): Sample => [{ reason }, count]),
  );
  counter('log_lines_dropped_total', 'Log lines dropped because their reader was too slow.', [], () => [
    [{}, counts.droppedLines],
  ]);
  gauge('certificate_expiry_timestamp_seconds', 'When the served certificate expires, as Unix time.', [], () => [
    [{}, (counts.certificateExpires?.getTime() ?? 0) / 1000],
  ]);
  gauge('configuration_info', 'The configuration in use; always 1.', ['sha256'], () =>
    counts.configuration === undefined ? [] : [[{ sha256: counts.configuration }, 1]],
  );
  counter('reloads_total', 'Changed files that were used or refused.', ['file', 'result'], () =>
    files.flatMap((file) => reloadResults.map((result): Sample => [{ file, result }, counts.reloads[file][result]])),
  );
  gauge(
    'file_refused',
    '1 while the content of a mounted file is refused and the previous content is used.',
    ['file'],
    () => files.map((file): Sample => [{ file }, counts.refusedFiles.has(file) ? 1 : 0]),
  );
  return registry;
}
