import { constants } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { SecureContextOptions } from 'node:tls';
import { collectDefaultMetrics, type Registry } from 'prom-client';
import { codedError } from '../../../errors.ts';
import { bodyReader } from './bodies.ts';
import type { ServedCertificate } from './certificate.ts';
import { limitConnections } from './connections.ts';
import { makeFairQueue } from './fairQueue.ts';
import { connectionBytes } from './garbage.ts';
import type { Limits } from './limits.ts';
import { refusedClientLog } from './refusedClients.ts';
import { answerRequest, type Routes } from './routes.ts';

/** Where a server listens; without a host, on all addresses, of IPv6 too. */
export interface Address {
  readonly host: string | undefined;
  /** 0: any free port. */
  readonly port: number;
}

/** The part of the routes that the caller of {@link listenForReviews} gives. */
export type ReviewRoutes = Omit<Routes, 'connections' | 'readBody' | 'demandsClient' | 'reportRefusedClient'>;

/** Starts the HTTPS server for reviews. @throws LISTEN_FAILED */
export async function listenForReviews(
  routes: ReviewRoutes,
  certificate: ServedCertificate,
  address: Address,
  limits: Limits,
  garbage: (bytes: number) => void,
): Promise<TlsServer> {
  const demandsClient = certificate.clientCa !== undefined;
  // Clients without a certificate get through the handshake, because kubelets have none and read /healthz and /readyz.
  // Their reviews are refused in routes.ts.
  const server = createTlsServer({
    ...tlsOptions(certificate),
    requestCert: demandsClient,
    rejectUnauthorized: false,
    handshakeTimeout: limits.headMs,
    keepAlive: true,
  });
  const connections = limitConnections(limits, beforeHandshake(server), routes.metrics.closedConnection, () =>
    garbage(connectionBytes),
  );
  const all: Routes = {
    ...routes,
    connections,
    demandsClient,
    reportRefusedClient: refusedClientLog(routes.log),
    readBody: bodyReader(limits, garbage),
  };
  server
    .on('connection', connections.accepted)
    .on('secureConnection', connections.handshakeDone)
    .on('tlsClientError', routes.metrics.tlsError);
  server.on('request', (request, response) => answerRequest(all, request, response));
  routes.metrics.countConnectionsBy(connections.size);
  // Go's client keeps idle connections for 90 s, and does not repeat a POST that meets a closing connection. So the
  // client must be the one that closes; see docs/injector.md. A request's head has less time: see connections.ts.
  server.keepAliveTimeout = 120_000;
  server.headersTimeout = 125_000;
  server.requestTimeout = 130_000;
  await listen(server, address);
  return server;
}

/** Removes a TLS server's own listener for connections. @returns that listener: it begins the handshake */
function beforeHandshake(server: TlsServer): (socket: Socket) => void {
  const listeners = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  return (socket) => {
    for (const listener of listeners) listener.call(server, socket);
  };
}

/** Serves another certificate on new connections. */
export function serveCertificate(server: TlsServer, certificate: ServedCertificate): void {
  server.setSecureContext(tlsOptions(certificate));
}

/** Cipher suites with forward secrecy: a private key that is stolen later does not decrypt old traffic. */
const ciphers =
  'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20';

function tlsOptions({ cert, key, clientCa }: ServedCertificate): SecureContextOptions {
  // Renegotiation is off, because it costs the server far more than the client. Without `ca`, Node would load the
  // well-known CAs, which are not used here.
  return {
    cert,
    key,
    ca: clientCa === undefined ? [] : [clientCa],
    ciphers,
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/** Starts the HTTP server for the metrics. @throws LISTEN_FAILED */
export async function listenForMetrics(registry: Registry, address: Address): Promise<Server> {
  let hasDefaults = false;
  let page: Promise<{ readonly type: string; readonly text: string }> | undefined;
  const makePage = async (): Promise<{ readonly type: string; readonly text: string }> => {
    // Node's own metrics watch the event loop and garbage collections from here on. An injector that is not scraped
    // does without.
    if (!hasDefaults) collectDefaultMetrics({ register: registry });
    hasDefaults = true;
    // Requests of one turn of the event loop share a page. A later one gets the next page, so that it sees all that
    // happened before it.
    await setImmediate();
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
  // One page for each connection: many requests in one write would all have their page in memory before the first is
  // sent.
  server.maxRequestsPerSocket = 1;
  server.timeout = metricsTimeoutMs;
  const connections = makeFairQueue<{ readonly address: string; readonly socket: Socket }>(
    metricsConnections,
    ({ socket }) => socket.destroy(),
  );
  server.on('connection', (socket) => {
    const one = { address: socket.remoteAddress ?? '', socket };
    connections.add(one);
    socket.once('close', () => connections.delete(one));
  });
  await listen(server, address);
  return server;
}

const metricsConnections = 64;
const metricsTimeoutMs = 10_000;

/** The most connections that wait in the kernel to be accepted; over it, a client waits a second and tries again. */
const backlog = 1024;

async function listen(server: NetServer, { host, port }: Address): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(codedError('LISTEN_FAILED', error.message, { where: `port ${port}`, cause: error })),
    );
    server.listen({ port, host, backlog }, resolve);
  });
}

/** The port on which a server listens, when any free port was asked for. */
export function portOf(server: NetServer): number {
  return (server.address() as AddressInfo).port;
}
