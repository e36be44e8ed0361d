import type { IncomingMessage } from 'node:http';

/**
 * An API request may have 3 MiB, and a review holds two objects and their escaping; the limit of controller-runtime
 * (pkg/webhook/admission/http.go).
 */
export const maxBodyBytes = 7 * 1024 * 1024;

/** Much longer than the API server waits for an answer. */
const bodyTimeoutMs = 10_000;

export type Body =
  | { readonly ok: true; readonly text: string }
  /** 408: it did not come in time; 413: it is too large; undefined: the client has gone. */
  | { readonly ok: false; readonly status?: 408 | 413 };

/** Bodies that are on their way, in the order of their beginning, by what ends the wait for them. */
const waiting = new Map<() => void, number>();
let watch: NodeJS.Timeout | undefined;

/**
 * Reads a request's body. What is too large is read to its end, and not kept: a client that still writes hears no answer.
 * @param done is called once
 */
export function readBody(request: IncomingMessage, done: (body: Body) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const finish = (body: Body): void => {
    if (waiting.delete(giveUp)) done(body);
  };
  const giveUp = (): void => finish({ ok: false, status: 408 });
  const gone = (): void => finish({ ok: false });
  waiting.set(giveUp, performance.now());
  // One timer looks after all of them: one for each would cost more than to read it.
  watch ??= setInterval(giveUpLate, bodyTimeoutMs / 20).unref();
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
    else chunks.length = 0;
    if (bytes > 4 * maxBodyBytes) finish({ ok: false, status: 413 });
  });
  request.on('end', () => {
    const [first] = chunks;
    const body = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
    finish(bytes > maxBodyBytes ? { ok: false, status: 413 } : { ok: true, text: body.toString('utf8') });
  });
  request.on('error', gone);
  request.on('close', gone);
}

function giveUpLate(): void {
  const before = performance.now() - bodyTimeoutMs;
  for (const [giveUp, since] of waiting) {
    if (since > before) return;
    giveUp();
  }
}
