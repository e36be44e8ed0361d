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
import type { Metrics } from './counts.ts';
import type { Door } from './door.ts';
import type { Log, LogEvent } from './log.ts';

export interface Routes {
  /** As they are now. */
  readonly options: () => InjectorOptions;
  readonly unreadiness: () => readonly string[];
  /** The client is to come back by another connection. */
  readonly closing: () => boolean;
  readonly metrics: Metrics;
  readonly log: Log['write'];
  readonly door: Door;
  readonly readBody: ReadBody;
  /** Reviews are answered for clients alone whose certificate was verified. */
  readonly demandsClient: boolean;
  /** Is told of each client that is refused for its certificate. */
  readonly noteStranger: (socket: TLSSocket) => void;
  /** Of a review that is parsed. */
  readonly bounds: JsonBounds;
}

const webhookOfPath: ReadonlyMap<string, WebhookName> = new Map(
  Object.entries(webhookPaths).map(([webhook, path]) => [path, webhook as WebhookName]),
);

/** Answers one request; never throws. */
export function answerRequest(routes: Routes, request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  const address = routes.door.begun(socket);
  if (address === undefined) return;
  response.once('close', () => routes.door.done(socket));
  if (routes.closing()) response.shouldKeepAlive = false;
  response.sendDate = false;
  // The API server adds ?timeout=…
  const [path = ''] = (request.url ?? '').split('?', 1);
  const webhook = webhookOfPath.get(path);
  if (webhook !== undefined) return receive(routes, webhook, address, request, response);
  if (path !== '/healthz' && path !== '/readyz') return refuse(routes, response, 404, 'not found');
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return refuse(routes, response, 405, 'only GET is answered here', { allow: 'GET, HEAD' });
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
  if (request.method !== 'POST') refuse(routes, response, 405, 'only POST is answered here', { allow: 'POST' });
  else if (routes.demandsClient && !isAuthorized(request.socket)) refuseStranger(routes, request, response);
  else answerReview(routes, webhook, address, request, response);
}

function isAuthorized(socket: Socket): boolean {
  return (socket as TLSSocket).authorized;
}

/** Before any of its body is read. */
function refuseStranger(routes: Routes, request: IncomingMessage, response: ServerResponse): void {
  routes.noteStranger(request.socket as TLSSocket);
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
      if (answerBody(routes, webhook, body, response, from)) routes.door.known(request.socket);
    } catch (error) {
      log({ event: 'failed', webhook, error: error instanceof Error ? error.name : 'error' });
      if (!response.headersSent) refuse(routes, response, 500, 'this is a bug');
    } finally {
      metrics.inFlight(-1);
    }
  });
}

const noReview = 'the body is not an AdmissionReview';

const refusals = {
  408: 'the body did not arrive in time',
  413: 'the body is too large',
  503: 'too many bodies at once',
} as const;

/** The API server tries again after that many seconds (client-go, rest/with_retry.go), if it still waits then. */
const comeBack = { 'retry-after': '1' };

/** @returns whether it was answered as a review */
function answerBody(routes: Routes, webhook: WebhookName, body: Body, response: ServerResponse, from: number): boolean {
  if (body.kind === 'gone' || body.kind === 'refused') {
    // The rest of the body is not waited for.
    response.shouldKeepAlive = false;
    if (body.kind === 'refused')
      refuse(routes, response, body.status, refusals[body.status], body.status === 503 ? comeBack : {});
    return false;
  }
  const excess = body.kind === 'beginning' ? 'it is too large to be read' : jsonExcess(body.bytes, routes.bounds);
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

/** No content of the pod: who it is, and what became of it. */
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

/** Names have 253 characters at most; who sends more does not fill the log. */
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
