import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codedError, isCodedError } from '../../errors.ts';
import { statusError, unreachable, type ApiResponse } from './apiError.ts';

// Without a client library, because only four verbs are used and Kubernetes' own client has 20 MB of generated code.

/** The API server and the credentials. Times are in milliseconds; by default 10,000 an attempt, and 30,000 for all. */
export interface ApiConnection {
  /** `https://10.96.0.1:443` */
  readonly server: string;
  /** The folder with `token` and `ca.crt`, as the kubelet mounts it for a ServiceAccount. */
  readonly serviceAccountDir: string;
  /** The limit for one attempt. */
  readonly attemptMs?: number;
  /** How long attempts with a temporary failure are repeated. */
  readonly retryMs?: number;
}

/** One request to the API server, with its body as JSON. */
export interface ApiCall {
  readonly method: 'DELETE' | 'GET' | 'PATCH' | 'POST';
  /** The path, with the query. */
  readonly path: string;
  readonly body?: object;
  /** The call, for errors: `patch deployments/web in namespace shop`. */
  readonly what: string;
}

/** The answer to a successful call. */
export interface ApiAnswer {
  /** Parsed JSON. */
  readonly body: unknown;
  /** The API server's `Warning` headers, unchanged. */
  readonly warnings: readonly string[];
}

/**
 * Makes one call.
 * @throws NOT_FOUND (404), FORBIDDEN (403), CONFLICT (409), API_FAILED (any other refusal), CLUSTER_UNREACHABLE
 */
export type ApiClient = (call: ApiCall) => Promise<ApiAnswer>;

/** The folder in which the kubelet puts a ServiceAccount's token and the API server's CA. */
const mountedServiceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The address and the credentials of a container's API server. PACKET_CAPTURE_API_SERVER and
 * PACKET_CAPTURE_SERVICE_ACCOUNT_DIR name others.
 * @throws CLUSTER_UNREACHABLE outside of a cluster
 */
export function connectionOf(environment: Readonly<Record<string, string | undefined>>): ApiConnection {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  const named = environment['PACKET_CAPTURE_API_SERVER'] ?? '';
  if (named === '' && host === '') {
    throw codedError('CLUSTER_UNREACHABLE', 'KUBERNETES_SERVICE_HOST is not set', {
      hint: 'This command runs in a container of a cluster.',
    });
  }
  return {
    server: named === '' ? `https://${host.includes(':') ? `[${host}]` : host}:${port}` : named,
    serviceAccountDir: environment['PACKET_CAPTURE_SERVICE_ACCOUNT_DIR'] ?? mountedServiceAccount,
  };
}

/** A client that makes one attempt for each call. */
export function makeApiClient(connection: ApiConnection): ApiClient {
  return async (call) => {
    const response = await send(connection, call);
    if (response.status >= 200 && response.status < 300) {
      return { body: parse(response.text, call, connection), warnings: response.warnings };
    }
    throw statusError(response, call.what);
  };
}

/** The wait between attempts: 0.25 s, doubled each time, at most 4 s. */
const firstPauseMs = 250;
const longestPauseMs = 4000;

/**
 * A client that repeats a call after an overload (429), a server error (5xx) and a broken connection. A patch
 * has the version of its object, so if its answer was lost, the second attempt is a conflict and is not applied twice.
 */
export function makeRetryingClient(connection: ApiConnection): ApiClient {
  const once = makeApiClient(connection);
  return async (call) => {
    const deadline = performance.now() + (connection.retryMs ?? 30_000);
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      try {
        return await once(call);
      } catch (error) {
        if (!isPassing(error) || performance.now() + pauseMs > deadline) throw error;
        await sleep(pauseMs);
      }
    }
  };
}

function isPassing(error: unknown): boolean {
  return (
    isCodedError(error) && (error.code === 'CLUSTER_UNREACHABLE' || ('passing' in error && error.passing === true))
  );
}

/** One attempt on a new connection, which a load balancer may send to another API server. */
async function send(
  { server, serviceAccountDir, attemptMs = 10_000 }: ApiConnection,
  call: ApiCall,
): Promise<ApiResponse> {
  // Read each time, because the kubelet replaces a token long before it expires.
  const [token, ca] = await Promise.all(['token', 'ca.crt'].map((name) => readMounted(join(serviceAccountDir, name))));
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const headers = {
    accept: 'application/json',
    authorization: `Bearer ${token}`,
    'user-agent': 'packet-capture-injector',
    ...(body === undefined
      ? {}
      : { 'content-length': String(Buffer.byteLength(body)), 'content-type': contentType(call.method) }),
  };
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(unreachable(server, call.what, cause));
    const signal = AbortSignal.timeout(attemptMs);
    const outgoing = request(
      new URL(call.path, server),
      { method: call.method, headers, ca, agent: false, signal },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', fail);
        incoming.on('end', () => {
          const warnings = incoming.headersDistinct['warning'] ?? [];
          resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8'), warnings });
        });
      },
    );
    outgoing.on('error', fail);
    outgoing.end(body);
  });
}

function contentType(method: ApiCall['method']): string {
  return method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
}

async function readMounted(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw codedError('FILE_UNREADABLE', "the ServiceAccount's file cannot be read", { where: file, cause });
  }
}

function parse(text: string, { what }: ApiCall, { server }: ApiConnection): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw codedError('API_FAILED', `${what}: the answer is not JSON`, { where: server, cause });
  }
}
