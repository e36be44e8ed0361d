import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { load } from 'js-yaml';

/** One call; status 0 when no answer came. */
export type ApiClient = (
  method: string,
  path: string,
  body?: object,
) => Promise<{ readonly status: number; readonly text: string }>;

/**
 * The API server of a kubeconfig with client certificates, over connections that are kept: as many as it takes, or
 * `maxSockets`.
 */
export async function apiClient(kubeconfig: string, maxSockets = Infinity): Promise<ApiClient> {
  const { clusters, users } = load(await readFile(kubeconfig, 'utf8')) as {
    readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }];
    readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }];
  };
  const pem = (text = ''): string => Buffer.from(text, 'base64').toString();
  const agent = new Agent({
    keepAlive: true,
    maxSockets,
    ca: pem(clusters[0].cluster['certificate-authority-data']),
    cert: pem(users[0].user['client-certificate-data']),
    key: pem(users[0].user['client-key-data']),
  });
  const server = clusters[0].cluster['server'] ?? '';
  return async (method, path, body) =>
    new Promise((resolve) => {
      const failed = (error: Error): void => resolve({ status: 0, text: error.message });
      const call = request(
        `${server}${path}`,
        { method, agent, timeout: 60_000, headers: { 'content-type': 'application/json' } },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text })).on('error', failed);
        },
      );
      call.on('timeout', () => call.destroy(new Error('no answer')));
      call.on('error', failed).end(body === undefined ? undefined : JSON.stringify(body));
    });
}
