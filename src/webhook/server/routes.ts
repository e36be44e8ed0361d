import type { IncomingMessage, ServerResponse } from 'node:http';
import { formatAnswer } from '../answer.ts';
import { decide, type InjectorOptions, type Verdict } from '../decide.ts';
import { webhookPaths, type WebhookName } from '../names.ts';
import { readReview, type Review } from '../review.ts';
import { readBody, type Body } from './body.ts';
import type { Log, LogEvent } from './log.ts';
import type { Metrics } from './metrics.ts';

export interface Routes {
  /** As they are now. */
  readonly options: () => InjectorOptions;
  readonly unreadiness: () => readonly string[];
  /** The client is to come back by another connection. */
  readonly closing: () => boolean;
  readonly metrics: Metrics;
  readonly log: Log['write'];
}

const webhookOfPath: ReadonlyMap<string, WebhookName> = new Map(
  Object.entries(webhookPaths).map(([webhook, path]) => [path, webhook as WebhookName]),
);

/** Answers one request; never throws. */
export function answerRequest(routes: Routes, request: IncomingMessage, response: ServerResponse): void {
  if (routes.closing()) response.shouldKeepAlive = false;
  response.sendDate = false;
  // The API server adds ?timeout=…
  const [path = ''] = (request.url ?? '').split('?', 1);
  const webhook = webhookOfPath.get(path);
  if (webhook !== undefined) {
    if (request.method === 'POST') answerReview(routes, webhook, request, response);
    else refuse(routes, response, 405, 'only POST is answered here', { allow: 'POST' });
    return;
  }
  if (path !== '/healthz' && path !== '/readyz') return refuse(routes, response, 404, 'there is nothing here');
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(routes, response, 405, 'only GET is answered here', { allow: 'GET, HEAD' });
  const missing = path === '/healthz' ? [] : routes.unreadiness();
  send(response, missing.length === 0 ? 200 : 503, 'text/plain', missing.length === 0 ? 'ok\n' : `${missing.join('\n')}\n`);
}

function answerReview(routes: Routes, webhook: WebhookName, request: IncomingMessage, response: ServerResponse): void {
  const { metrics, log } = routes;
  const from = performance.now();
  metrics.inFlight(1);
  readBody(request, (body) => {
    try {
      answerBody(routes, webhook, body, response, from);
    } catch (error) {
      log({ event: 'failed', webhook, error: error instanceof Error ? error.name : 'error' });
      if (!response.headersSent) refuse(routes, response, 500, 'this is a bug');
    } finally {
      metrics.inFlight(-1);
    }
  });
}

function answerBody(routes: Routes, webhook: WebhookName, body: Body, response: ServerResponse, from: number): void {
  if (!body.ok) {
    // The rest of the body is not waited for.
    response.shouldKeepAlive = false;
    if (body.status !== undefined) refuse(routes, response, body.status, body.status === 413 ? 'the body is too large' : 'the body did not come in time');
    return;
  }
  const review = readReview(body.text);
  if (review === undefined) return refuse(routes, response, 400, 'this is no AdmissionReview');
  const verdict = decide(review, webhook, routes.options());
  send(response, 200, 'application/json', formatAnswer(review, verdict));
  const milliseconds = performance.now() - from;
  routes.metrics.reviewed(webhook, verdict, milliseconds / 1000);
  routes.log(lineOf(review, webhook, verdict, milliseconds));
}

/** No content of the pod: who it is, and what became of it. */
function lineOf({ uid, namespace, name, dryRun }: Review, webhook: WebhookName, verdict: Verdict, milliseconds: number): LogEvent {
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

function refuse({ metrics }: Routes, response: ServerResponse, status: number, text: string, headers: Readonly<Record<string, string>> = {}): void {
  metrics.refusedRequest(status);
  send(response, status, 'text/plain', `${text}\n`, headers);
}

function send(response: ServerResponse, status: number, type: string, text: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { ...headers, 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
