import { createHash } from 'node:crypto';
import { parseAllDocuments } from 'yaml';
import { codedError } from '../../errors.ts';

/** A Kubernetes object in a manifest. */
export interface ManifestObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/**
 * The objects of YAML text with several documents; empty documents are skipped.
 * @throws HELM_FAILED when helm rendered a document that is not an object
 */
export function objectsOf(text: string): ManifestObject[] {
  const documents = parseAllDocuments(text, { version: '1.1', logLevel: 'silent' });
  // For an empty text the parser returns an object with `empty` and without documents.
  return [...documents].flatMap((document) => {
    const value = document.errors.length === 0 ? contentOf(document) : undefined;
    if (value === null && document.errors.length === 0) return [];
    if (document.errors.length === 0 && isManifestObject(value)) return [value];
    // The text is never shown, because it may be a Secret.
    throw codedError('HELM_FAILED', 'the chart renders a document that is not a Kubernetes object');
  });
}

/** Undefined for a document that cannot be expanded, for example because of its aliases. */
function contentOf(document: { toJS(): unknown }): unknown {
  try {
    return document.toJS();
  } catch {
    return undefined;
  }
}

function isManifestObject(value: unknown): value is ManifestObject {
  if (typeof value !== 'object' || value === null) return false;
  const { apiVersion, kind, metadata } = value as Record<string, unknown>;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return false;
  return (
    typeof metadata === 'object' &&
    metadata !== null &&
    typeof (metadata as Record<string, unknown>)['name'] === 'string'
  );
}

/**
 * The objects as JSON lists for `kubectl -f -`, one a namespace (empty: cluster-wide): kubectl refuses objects of
 * another namespace than that of the command line, even if the latter was only a default.
 */
export function listsByNamespace(
  objects: readonly ManifestObject[],
): { readonly namespace: string; readonly input: string }[] {
  const groups = Map.groupBy(objects, ({ metadata }) => metadata.namespace ?? '');
  return [...groups].map(([namespace, items]) => ({
    namespace,
    input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  }));
}

/** `deployment/web in shop`; the same object has the same name in every revision. */
export function nameOfObject({ kind, metadata }: ManifestObject): string {
  const place = metadata.namespace === undefined ? '' : ` in ${metadata.namespace}`;
  return `${kind.toLowerCase()}/${metadata.name}${place}`;
}

/**
 * The object without secrets: the values of a Secret are replaced by length and hash, which still show a change.
 * Both `data` and `stringData` are hashed as their decoded bytes.
 */
export function maskSecrets(object: ManifestObject): ManifestObject {
  if (object.kind !== 'Secret') return object;
  const masked = (field: string, encoding: 'base64' | 'utf8'): Record<string, unknown> => {
    const values = object[field];
    if (typeof values !== 'object' || values === null) return {};
    const entries = Object.entries(values).map(([key, value]) => [key, maskOf(Buffer.from(String(value), encoding))]);
    return { [field]: Object.fromEntries(entries) as unknown };
  };
  const masked64 = { ...masked('data', 'base64'), ...masked('stringData', 'utf8') };
  return { ...object, ...masked64 };
}

function maskOf(bytes: Buffer): string {
  return `(${bytes.length} bytes, sha256 ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)})`;
}
