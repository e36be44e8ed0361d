import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { formatAnswer } from '../answer.ts';
import { decide, unread, type InjectorOptions, type Verdict } from '../decide.ts';
import { jsonExcess, type JsonBounds } from '../jsonExcess.ts';
import { webhookPaths, type WebhookName } from '../names.ts';
import { readReview } from '../review.ts';
import { readReviewHead, type ReviewHead } from '../reviewHead.ts';
import type { Body, ReadBody } from './bodies.ts';
import type { ConnectionLimiter } from './connections.ts';
import type { Log, LogEvent } from './log.ts';
import type { Metrics } from './metrics.ts';

/** What the answers depend on. */
export interface Routes {
  /** The present options; they change when the configuration is reloaded. */
  readonly options: () => InjectorOptions;
  readonly unreadiness: () => readonly string[];
  /** Whether the server is stopping, so that each answer closes its connection. */
  readonly closing: () => boolean;
  readonly metrics: Metrics;
  readonly log: Log['write'];
  readonly connections: ConnectionLimiter;
  readonly readBody: ReadBody;
  /** Whether only clients with a verified certificate get answers to reviews. */
  readonly demandsClient: boolean;
  /** Logs a client that is refused for its certificate. */
  readonly reportRefusedClient: (socket: TLSSocket) => void;
  /** The limits of a review that is parsed. */
  readonly bounds: JsonBounds;
}

const webhookOfPath: ReadonlyMap<string, WebhookName> = new Map(
  Object.entries(webhookPaths).map(([webhook, path]) => [path, webhook as WebhookName]),
);

/** Answers one request; never throws. */
export function answerRequest(routes: Routes, request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  const address = routes.connections.requestBegan(socket);
  if (address === undefined) return;
  response.once('close', () => routes.connections.requestEnded(socket));
  if (routes.closing()) response.shouldKeepAlive = false;
  response.sendDate = false;
  // The API server adds ?timeout=… to the path.
  const [path = ''] = (request.url ?? '').split('?', 1);
  const webhook = webhookOfPath.get(path);
  if (webhook !== undefined) return receive(routes, webhook, address, request, response);
  if (path !== '/healthz' && path !== '/readyz') return refuse(routes, response, 404, 'not found');
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return refuse(routes, response, 405, 'only GET is allowed here', { allow: 'GET, HEAD' });
  const missing = path === '/healthz' ? [] : routes.unreadiness();
  send(
    response,
    missing.length === 0 ? 200 : 503,
    'text/plain',
    missing.length === 0 ? 'ok\n' : `${missing.join('\n')}\n`,
  );
}

function receive(
  routes: Routes,
  webhook: WebhookName,
  address: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.method !== 'POST') refuse(routes, response, 405, 'only POST is allowed here', { allow: 'POST' });
  else if (routes.demandsClient && !isAuthorized(request.socket)) refuseClient(routes, request, response);
  else answerReview(routes, webhook, address, request, response);
}

function isAuthorized(socket: Socket): boolean {
  return (socket as TLSSocket).authorized;
}

/** Refuses a client without a verified certificate before its body is read. */
function refuseClient(routes: Routes, request: IncomingMessage, response: ServerResponse): void {
  routes.reportRefusedClient(request.socket as TLSSocket);
  response.shouldKeepAlive = false;
  refuse(routes, response, 401, 'a client certificate is required');
}

function answerReview(
  routes: Routes,
  webhook: WebhookName,
  address: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { metrics, log } = routes;
  const from = performance.now();
  metrics.inFlight(1);
  routes.readBody(request, address, (body) => {
    try {
      if (answerBody(routes, webhook, body, response, from)) routes.connections.reviewAnswered(request.socket);
    } catch (error) {
      log({ event: 'failed', webhook, error: error instanceof Error ? error.name : 'error' });
      if (!response.headersSent) refuse(routes, response, 500, 'internal error');
    } finally {
      metrics.inFlight(-1);
    }
  });
}

const noReview = 'the body is not an AdmissionReview';

const refusals = {
  408: 'the body did not arrive in time',
  413: 'the body is too large',
  503: 'too many bodies are being received',
} as const;

/** The API server retries after that many seconds (client-go, rest/with_retry.go), if its own timeout allows it. */
const retryAfter = { 'retry-after': '1' };

/** @returns whether it was answered as a review */
function answerBody(routes: Routes, webhook: WebhookName, body: Body, response: ServerResponse, from: number): boolean {
  if (body.kind === 'gone' || body.kind === 'refused') {
    // The rest of the body is not read.
    response.shouldKeepAlive = false;
    if (body.kind === 'refused')
      refuse(routes, response, body.status, refusals[body.status], body.status === 503 ? retryAfter : {});
    return false;
  }
  const excess =
    body.kind === 'beginning' ? 'the review is too large to be parsed' : jsonExcess(body.bytes, routes.bounds);
  if (excess !== undefined) {
    const head = readReviewHead(body.bytes);
    if (head === undefined)
      refuse(routes, response, body.kind === 'whole' ? 400 : 413, body.kind === 'whole' ? noReview : refusals[413]);
    else answer(routes, webhook, head, unread(excess), response, from);
    return head !== undefined;
  }
  const review = readReview(body.bytes.toString('utf8'));
  if (review === undefined) refuse(routes, response, 400, noReview);
  else answer(routes, webhook, review, decide(review, webhook, routes.options()), response, from);
  return review !== undefined;
}

function answer(
  routes: Routes,
  webhook: WebhookName,
  review: ReviewHead,
  verdict: Verdict,
  response: ServerResponse,
  from: number,
): void {
  send(response, 200, 'application/json', formatAnswer(review, verdict));
  const milliseconds = performance.now() - from;
  routes.metrics.reviewed(webhook, verdict, milliseconds / 1000);
  routes.log(lineOf(review, webhook, verdict, milliseconds));
}

/** The log line of a review: the pod's name and the verdict, and nothing of the pod's content. */
function lineOf(
  { uid, namespace, name, dryRun }: ReviewHead,
  webhook: WebhookName,
  verdict: Verdict,
  milliseconds: number,
): LogEvent {
  const { decision, reason } = verdict;
  return {
    event: 'review',
    webhook,
    uid: clip(uid),
    namespace: clip(namespace),
    name: clip(name),
    decision,
    reason,
    ...(verdict.decision === 'skipped' && verdict.doubt !== undefined ? { doubt: verdict.doubt } : {}),
    milliseconds: Math.round(milliseconds * 1000) / 1000,
    dryRun,
  };
}

/** Cuts a name: valid ones have at most 253 characters, and longer ones must not fill the log. */
function clip(text: string): string {
  return text.slice(0, 254);
}

function refuse(
  { metrics }: Routes,
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  metrics.refusedRequest(status);
  send(response, status, 'text/plain', `${text}\n`, headers);
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...headers, 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
