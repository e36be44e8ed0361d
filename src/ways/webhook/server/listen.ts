import { constants } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { Registry } from 'prom-client';
import { codedError } from '../../../errors.ts';
import { bodyReader } from './bodies.ts';
import type { ServedCertificate } from './certificate.ts';
import type { Metrics } from './counts.ts';
import { makeCrowd } from './crowd.ts';
import { makeDoor } from './door.ts';
import { connectionBytes } from './garbage.ts';
import type { Limits } from './limits.ts';
import { answerRequest, type Routes } from './routes.ts';
import { strangerLog } from './strangers.ts';

export interface Address {
  readonly host: string | undefined;
  /** 0: any that is free. */
  readonly port: number;
}

/** What {@link listenForReviews} is told. */
export type ReviewRoutes = Omit<Routes, 'door' | 'readBody' | 'demandsClient' | 'noteStranger'>;

/** @throws codedError LISTEN_FAILED */
export async function listenForReviews(
  routes: ReviewRoutes,
  certificate: ServedCertificate,
  address: Address,
  limits: Limits,
  garbage: (bytes: number) => void,
): Promise<TlsServer> {
  const demandsClient = certificate.clientCa !== undefined;
  // Who has no certificate gets through the handshake and no further: kubelets have none, and look at the health.
  const server = createTlsServer({
    ...tlsOptions(certificate),
    requestCert: demandsClient,
    rejectUnauthorized: false,
    handshakeTimeout: limits.headMs,
    keepAlive: true,
  });
  const door = makeDoor(limits, beforeHandshake(server), routes.metrics.closedConnection, () =>
    garbage(connectionBytes),
  );
  const all: Routes = {
    ...routes,
    door,
    demandsClient,
    noteStranger: strangerLog(routes.log),
    readBody: bodyReader(limits, garbage),
  };
  server
    .on('connection', door.arrive)
    .on('secureConnection', door.secured)
    .on('tlsClientError', routes.metrics.tlsError);
  server.on('request', (request, response) => answerRequest(all, request, response));
  routes.metrics.connectionsAre(door.size);
  // Go's client keeps idle connections for 90 s, also such as it has not used yet, and does not send a POST again that
  // met a connection being closed. So it is the client that closes; see docs/injector.md. A head that has begun has
  // less: see the door.
  server.keepAliveTimeout = 120_000;
  server.headersTimeout = 125_000;
  server.requestTimeout = 130_000;
  await listen(server, address);
  return server;
}

/** Takes a TLS server's own listener for connections away. @returns what it does with one: it begins the handshake */
function beforeHandshake(server: TlsServer): (socket: Socket) => void {
  const listeners = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  return (socket) => {
    for (const listener of listeners) listener.call(server, socket);
  };
}

/** Takes another certificate for the connections to come. */
export function serveCertificate(server: TlsServer, certificate: ServedCertificate): void {
  server.setSecureContext(tlsOptions(certificate));
}

/** Suites whose keys a stolen private key does not reveal; those of TLS 1.3 all are. */
const ciphers =
  'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20';

function tlsOptions({ cert, key, clientCa }: ServedCertificate): SecureContextOptions {
  // A handshake anew within a connection costs the server far more than its client. The well-known CAs, which Node
  // reads when none is given, would only take time and memory.
  return {
    cert,
    key,
    ca: clientCa === undefined ? [] : [clientCa],
    ciphers,
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/** Prometheus' port: plain HTTP. @throws codedError LISTEN_FAILED */
export async function listenForMetrics({ counts }: Metrics, address: Address): Promise<Server> {
  // Loaded when it is asked for: it would be a good part of the start.
  const registryOf = async (): Promise<Registry> => (await import('./registry.ts')).makeRegistry(counts);
  let made: Promise<Registry> | undefined;
  let page: Promise<{ readonly type: string; readonly text: string }> | undefined;
  const makePage = async (): Promise<{ readonly type: string; readonly text: string }> => {
    made ??= registryOf();
    const registry = await made;
    // Who asks from now on gets the next one.
    page = undefined;
    return { type: registry.contentType, text: await registry.metrics() };
  };
  const server = createServer(
    { headersTimeout: metricsTimeoutMs, requestTimeout: metricsTimeoutMs, connectionsCheckingInterval: 1000 },
    (request, response) => {
      const [path] = (request.url ?? '').split('?', 1);
      if (path !== '/metrics' || request.method !== 'GET') {
        response.writeHead(404).end();
        return;
      }
      page ??= makePage();
      page.then(
        ({ type, text }) => response.writeHead(200, { 'content-type': type }).end(text),
        () => response.writeHead(500).end(),
      );
    },
  );
  // One page for each connection: many that are asked for in one go would all be in memory before the first is sent.
  server.maxRequestsPerSocket = 1;
  server.timeout = metricsTimeoutMs;
  const crowd = makeCrowd<{ readonly address: string; readonly socket: Socket }>(metricsConnections, ({ socket }) =>
    socket.destroy(),
  );
  server.on('connection', (socket) => {
    const one = { address: socket.remoteAddress ?? '', socket };
    crowd.add(one);
    socket.once('close', () => crowd.delete(one));
  });
  await listen(server, address);
  return server;
}

const metricsConnections = 64;
const metricsTimeoutMs = 10_000;

/** Connections that wait in the kernel; beyond it, a client waits a second before it tries again. */
const backlog = 1024;

async function listen(server: NetServer, { host, port }: Address): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(codedError('LISTEN_FAILED', error.message, { where: `port ${port}`, cause: error })),
    );
    server.listen({ port, host, backlog }, resolve);
  });
}

export function portOf(server: NetServer): number {
  return (server.address() as AddressInfo).port;
}
