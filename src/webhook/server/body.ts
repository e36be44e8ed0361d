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

/** Reads a request's body. What is too large is read to its end, and not kept: a client that still writes hears no answer. */
export async function readBody(request: IncomingMessage): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (body: Body): void => {
      clearTimeout(timeout);
      resolve(body);
    };
    const timeout = setTimeout(() => finish({ ok: false, status: 408 }), bodyTimeoutMs);
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBodyBytes) chunks.push(chunk);
      else chunks.length = 0;
      if (bytes > 4 * maxBodyBytes) finish({ ok: false, status: 413 });
    });
    request.on('end', () => finish(bytes > maxBodyBytes ? { ok: false, status: 413 } : { ok: true, text: Buffer.concat(chunks).toString('utf8') }));
    request.on('error', () => finish({ ok: false }));
    request.on('close', () => finish({ ok: false }));
  });
}
