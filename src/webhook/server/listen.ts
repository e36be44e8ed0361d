import { constants } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Server as NetServer } from 'node:net';
import type { Registry } from 'prom-client';
import { codedError } from '../../errors.ts';
import { answerRequest, type Routes } from './routes.ts';
import type { Metrics } from './metrics.ts';
import type { ServedCertificate } from './certificate.ts';

export interface Address {
  readonly host: string | undefined;
  /** 0: any that is free. */
  readonly port: number;
}

/** @throws codedError LISTEN_FAILED */
export async function listenForReviews(routes: Routes, certificate: ServedCertificate, address: Address): Promise<TlsServer> {
  const server = createTlsServer({ ...tlsOptions(certificate), handshakeTimeout: 10_000, keepAlive: true }, (request, response) => {
    answerRequest(routes, request, response);
  });
  // Go's client keeps idle connections for 90 s, also such as it has not used yet, and does not send a POST again that
  // met a connection being closed. So it is the client that closes; see docs/injector.md.
  server.keepAliveTimeout = 120_000;
  server.headersTimeout = 125_000;
  server.requestTimeout = 130_000;
  server.on('tlsClientError', routes.metrics.tlsError);
  await listen(server, address);
  return server;
}

/** Takes another certificate for the connections to come. */
export function serveCertificate(server: TlsServer, certificate: ServedCertificate): void {
  server.setSecureContext(tlsOptions(certificate));
}

function tlsOptions({ cert, key }: ServedCertificate): { cert: string; key: string; ca: string[]; minVersion: 'TLSv1.2'; secureOptions: number } {
  // A handshake anew within a connection costs the server far more than its client. No client is asked for a certificate:
  // the well-known CAs, which Node reads otherwise, would only take time and memory.
  return { cert, key, ca: [], minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_RENEGOTIATION };
}

/** Prometheus' port: plain HTTP. @throws codedError LISTEN_FAILED */
export async function listenForMetrics({ counts }: Metrics, address: Address): Promise<Server> {
  // Loaded when it is asked for: it would be a good part of the start.
  const registryOf = async (): Promise<Registry> => (await import('./registry.ts')).makeRegistry(counts);
  let made: Promise<Registry> | undefined;
  const server = createServer((request, response) => {
    const [path] = (request.url ?? '').split('?', 1);
    if (path !== '/metrics' || request.method !== 'GET') {
      response.writeHead(404).end();
      return;
    }
    made ??= registryOf();
    made.then(async (registry) => ({ type: registry.contentType, text: await registry.metrics() })).then(
      ({ type, text }) => response.writeHead(200, { 'content-type': type }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await listen(server, address);
  return server;
}

async function listen(server: NetServer, { host, port }: Address): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(codedError('LISTEN_FAILED', error.message, { where: `port ${port}`, cause: error })));
    server.listen({ port, host }, resolve);
  });
}

export function portOf(server: NetServer): number {
  return (server.address() as AddressInfo).port;
}
