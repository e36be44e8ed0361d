import { request } from 'node:https';
import jsonPatch, { type Operation } from 'fast-json-patch';
import { codedError } from '../../errors.ts';
import { webhookPaths } from './names.ts';
import { isObject } from './review.ts';

/** Which injector is asked. Its certificate must have the name `host`, also when `connect` is another address. */
export interface CheckOptions {
  /** The name that the certificate must have: SERVICE.NAMESPACE.svc. */
  readonly host: string;
  /** The CA that the API server trusts, PEM. */
  readonly ca: string;
  /** The address to connect to; the host itself by default. */
  readonly connect: string;
  readonly port: number;
  /** The annotation by which a pod asks for injection. */
  readonly annotation: string;
  /** Whether the injector must refuse this client, because it presents no certificate. */
  readonly demandsClient: boolean;
}

/** The answer of a working injector. */
export interface CheckResult {
  /** The names of the containers that a pod gets; empty when the injector demands a certificate. */
  readonly containers: readonly string[];
  readonly milliseconds: number;
}

const timeoutMs = 10_000;

/**
 * Asks an injector like the API server: is it ready, and does it inject a pod that asks for it?
 * @throws CHECK_FAILED
 */
export async function checkInjector(options: CheckOptions): Promise<CheckResult> {
  const ready = await call(options, 'GET', '/readyz');
  if (ready.status !== 200) throw failed(options, `the injector is not ready: ${ready.text.trim()}`);
  const from = performance.now();
  const { status, text } = await call(
    options,
    'POST',
    webhookPaths.privileged,
    JSON.stringify(reviewFor(options.annotation)),
  );
  const milliseconds = performance.now() - from;
  if (options.demandsClient) {
    if (status === 401) return { containers: [], milliseconds };
    throw failed(
      options,
      `the injector answers a review of a client without a certificate with HTTP ${status} instead of 401`,
    );
  }
  if (status !== 200) throw failed(options, `the injector answers a review with HTTP ${status}: ${text.trim()}`);
  return { containers: addedContainers(options, text), milliseconds };
}

const uid = 'packet-capture-check';
const podNames = ['app'];

function podFor(annotation: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'packet-capture-check-', annotations: { [annotation]: 'true' } },
    spec: { containers: podNames.map((name) => ({ name, image: 'app' })) },
  };
}

function reviewFor(annotation: string): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid,
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      namespace: 'packet-capture-check',
      operation: 'CREATE',
      object: podFor(annotation),
      dryRun: true,
    },
  };
}

function addedContainers(options: CheckOptions, text: string): string[] {
  const value = attempt(() => JSON.parse(text) as unknown);
  const response = isObject(value) && isObject(value['response']) ? value['response'] : {};
  if (response['uid'] !== uid || response['allowed'] !== true)
    throw failed(options, 'the answer of the injector does not belong to the review');
  const { patch, warnings, auditAnnotations } = response;
  if (typeof patch !== 'string') {
    const [warning] = Array.isArray(warnings) ? (warnings as readonly unknown[]) : [];
    throw failed(
      options,
      `the injector did not inject the pod: ${typeof warning === 'string' ? warning : JSON.stringify(auditAnnotations)}`,
    );
  }
  const pod = attempt(() => {
    const operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as Operation[];
    return jsonPatch.applyPatch<unknown>(podFor(options.annotation), operations, true).newDocument;
  });
  const spec = isObject(pod) && isObject(pod['spec']) ? pod['spec'] : {};
  const names = [spec['initContainers'], spec['containers']].flatMap((list) =>
    Array.isArray(list) ? (list as { name: string }[]).map(({ name }) => name) : [],
  );
  const added = names.filter((name) => !podNames.includes(name));
  if (added.length === 0) throw failed(options, 'the patch of the injector adds no container');
  return added;
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

async function call(
  options: CheckOptions,
  method: string,
  path: string,
  body = '',
): Promise<{ status: number; text: string }> {
  const { host, ca, connect, port } = options;
  return new Promise((resolve, reject) => {
    const headers = { host, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request(
      { host: connect, port, path, method, headers, ca, servername: host, agent: false, timeout: timeoutMs },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
        response.on('error', (error) => reject(failed(options, error.message)));
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${timeoutMs / 1000} s`)));
    outgoing.on('error', (error) => reject(failed(options, error.message)));
    outgoing.end(body);
  });
}

function failed({ host, connect, port }: CheckOptions, what: string): Error {
  return codedError('CHECK_FAILED', what, {
    where: `https://${host}:${port}${connect === host ? '' : ` (${connect})`}`,
  });
}
