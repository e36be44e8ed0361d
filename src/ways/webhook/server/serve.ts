import { setTimeout as sleep } from 'node:timers/promises';
import { isCodedError } from '../../../errors.ts';
import { certificateSource } from './certificate.ts';
import { configurationSource } from './configuration.ts';
import { countGarbage } from './garbage.ts';
import type { Limits } from './limits.ts';
import { listenForMetrics, listenForReviews, portOf, serveCertificate, type Address } from './listen.ts';
import { makeLog, type Log } from './log.ts';
import { makeMetrics, type Metrics } from './metrics.ts';
import { unreadiness } from './readiness.ts';
import { follow, load, type FileName } from './reload.ts';

/** What an injector serves, and where. Times are in milliseconds. */
export interface ServeOptions {
  readonly https: Address;
  readonly metrics: Address;
  /** The path of `sidecarconfig.yaml`. */
  readonly config: string;
  /** The folder with `tls.crt` and `tls.key`. */
  readonly certificates: string;
  /** The file of the CA that signs the certificates of API servers; undefined: clients need no certificate. */
  readonly clientCa: string | undefined;
  readonly annotation: string;
  readonly optOut: boolean;
  /** How long it keeps serving after SIGTERM. */
  readonly drainMs: number;
  /** How often the files are read again when there is no event. */
  readonly pollMs: number;
  readonly limits: Limits;
  /** Starts a garbage collection. */
  readonly collect: () => void;
  readonly output: NodeJS.WritableStream & { readonly writableLength: number };
}

/** A running injector. */
export interface Injector {
  /** Stops the server so that no review fails; resolves when the last answer is sent. */
  readonly stop: () => Promise<void>;
  /** See {@link Log.flush}. */
  readonly flushLog: (done?: () => void) => void;
}

/** How long requests that are still being answered have after the drain. */
const lastAnswersMs = 5000;

/**
 * Starts to serve reviews and metrics.
 * @throws FILE_UNREADABLE, YAML_INVALID, SIDECAR_CONFIG_INVALID, SETTING_UNKNOWN, SETTING_INVALID, CERTIFICATE_INVALID,
 * LISTEN_FAILED
 */
export async function startInjector(options: ServeOptions): Promise<Injector> {
  const { annotation, optOut, drainMs, pollMs, limits } = options;
  const metrics = makeMetrics();
  const { write: log, flush } = makeLog(options.output as Parameters<typeof makeLog>[0], metrics.droppedLine);
  const sources = {
    configuration: configurationSource(options.config),
    certificate: certificateSource(options.certificates, options.clientCa),
  };
  let configuration = await load(sources.configuration);
  let certificate = await load(sources.certificate);
  let injection = { config: configuration.value, annotation, optOut };
  metrics.configurationIs(configuration.sha256);
  metrics.certificateExpires(certificate.value.notAfter);

  let listening = false;
  let draining = false;
  const routes = {
    options: () => injection,
    unreadiness: () => unreadiness({ listening, draining, certificate: certificate.value }, new Date()),
    closing: () => draining,
    metrics,
    log,
    bounds: { values: limits.jsonValues, depth: limits.jsonDepth },
  };
  const metricsServer = await listenForMetrics(metrics.registry, options.metrics);
  const server = await listenForReviews(
    routes,
    certificate.value,
    options.https,
    limits,
    countGarbage(options.collect),
  ).catch((error: unknown) => {
    metricsServer.close();
    throw error;
  });
  listening = true;

  const unfollow = [
    follow(
      sources.configuration,
      configuration,
      {
        ...reporters('configuration', metrics, log),
        onChange: (loaded) => {
          configuration = loaded;
          injection = { ...injection, config: loaded.value };
          metrics.configurationIs(loaded.sha256);
          reportReloaded('configuration', metrics, log, { sha256: loaded.sha256 });
        },
      },
      pollMs,
    ),
    follow(
      sources.certificate,
      certificate,
      {
        ...reporters('certificate', metrics, log),
        onChange: (loaded) => {
          serveCertificate(server, loaded.value);
          certificate = loaded;
          metrics.certificateExpires(loaded.value.notAfter);
          reportReloaded('certificate', metrics, log, { notAfter: loaded.value.notAfter });
        },
      },
      pollMs,
    ),
  ];
  log({
    event: 'started',
    port: portOf(server),
    metricsPort: portOf(metricsServer),
    annotation,
    optOut,
    sha256: configuration.sha256,
    notAfter: certificate.value.notAfter,
  });
  flush();

  const stop = async (): Promise<void> => {
    draining = true;
    log({ event: 'draining', seconds: drainMs / 1000 });
    // Until no Service sends anything here any longer; each answer closes its connection in the meantime.
    await sleep(drainMs);
    const closed = new Promise((resolve) => server.close(resolve));
    await Promise.race([closed, sleep(lastAnswersMs, undefined, { ref: false })]);
    server.closeAllConnections();
    for (const end of unfollow) end();
    metricsServer.close();
    metricsServer.closeAllConnections();
    log({ event: 'stopped' });
  };
  return { stop, flushLog: flush };
}

function reporters(
  file: FileName,
  metrics: Metrics,
  log: Log['write'],
): { onRefused: (error: unknown) => void; onRestored: () => void } {
  return {
    onRefused: (error) => {
      metrics.reloaded(file, 'failure');
      metrics.fileRefused(file, true);
      log({
        event: 'refused',
        file,
        ...(isCodedError(error) ? { code: error.code } : {}),
        error: error instanceof Error ? error.message : String(error),
      });
    },
    onRestored: () => {
      metrics.fileRefused(file, false);
      log({ event: 'restored', file });
    },
  };
}

function reportReloaded(
  file: FileName,
  metrics: Metrics,
  log: Log['write'],
  facts: Readonly<Record<string, unknown>>,
): void {
  metrics.reloaded(file, 'success');
  metrics.fileRefused(file, false);
  log({ event: 'reloaded', file, ...facts });
}
