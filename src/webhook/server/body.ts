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

/**
 * Reads a request's body. What is too large is read to its end, and not kept: a client that still writes hears no answer.
 * @param done is called once
 */
export function readBody(request: IncomingMessage, done: (body: Body) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let finished = false;
  const finish = (body: Body): void => {
    if (finished) return;
    finished = true;
    clearTimeout(timeout);
    done(body);
  };
  const gone = (): void => finish({ ok: false });
  const timeout = setTimeout(() => finish({ ok: false, status: 408 }), bodyTimeoutMs);
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
