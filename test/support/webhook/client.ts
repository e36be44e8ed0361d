import { get } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import jsonPatch, { type Operation } from 'fast-json-patch';
import type { PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { host, type RunningInjector } from './injector.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Serial number of the certificate that was served. */
  readonly serial: string;
}

export interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** A connection of its own unless given. */
  readonly agent?: Agent;
}

/** A client that trusts one CA and asks for the name that the API server asks for. */
export function keepAliveAgent(ca: string, maxSockets = 1): Agent {
  return new Agent({ keepAlive: true, maxSockets, ca, servername: host });
}

export async function call(
  port: number,
  ca: string,
  { method = 'POST', path = '/inject/privileged', body = '', headers = {}, agent }: Call,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      method,
      path,
      ca,
      servername: host,
      agent: agent ?? false,
      headers: { host, 'content-length': Buffer.byteLength(body), ...headers },
    };
    const outgoing = request(options, (response) => {
      const chunks: Buffer[] = [];
      const serial = (response.socket as TLSSocket).getPeerX509Certificate()?.serialNumber ?? '';
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
          serial,
        }),
      );
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly patch?: string;
  readonly patchType?: string;
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

export function responseOf({ status, text }: Answer): AdmissionResponse {
  if (status !== 200) throw new Error(`HTTP ${status}: ${text}`);
  return (JSON.parse(text) as { response: AdmissionResponse }).response;
}

/** The pod with the patch of an answer. */
export function patchedPod(pod: PodTemplate, answer: Answer): PodTemplate {
  const { patch = '' } = responseOf(answer);
  return jsonPatch.applyPatch<PodTemplate>(
    pod,
    JSON.parse(Buffer.from(patch, 'base64').toString()) as Operation[],
    true,
    false,
  ).newDocument;
}

/** A sample of the metrics, by its name and labels as they are written. */
export async function metric({ metricsPort }: RunningInjector, sample: string): Promise<number | undefined> {
  const line = (await metricsText(metricsPort)).split('\n').find((text) => text.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length + 1));
}

export async function metricsText(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/metrics', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}
