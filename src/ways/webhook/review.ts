/**
 * The parts of an AdmissionReview that the server reads.
 * @see staging/src/k8s.io/api/admission/v1/types.go in kubernetes/kubernetes
 */
export interface Review {
  /** As it was sent; the answer has the same. */
  readonly apiVersion: string;
  readonly uid: string;
  /** What it asks for: `Pod`, in the core group's v1, being created; everything else is none of ours. */
  readonly createsPod: boolean;
  /** The namespace that the object will be in; the object's own may be empty. */
  readonly namespace: string;
  /** The name, or generateName with a `*` behind it, for logs. */
  readonly name: string;
  readonly dryRun: boolean;
  readonly object: unknown;
}

/** The review in a request's body, or undefined when it is no AdmissionReview that could be answered. */
export function readReview(body: string): Review | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value['kind'] !== 'AdmissionReview') return undefined;
  const { apiVersion, request } = value;
  if (typeof apiVersion !== 'string' || !apiVersion.startsWith('admission.k8s.io/') || !isObject(request))
    return undefined;
  const { uid, namespace, object, dryRun } = request;
  if (typeof uid !== 'string' || uid === '') return undefined;
  return {
    apiVersion,
    uid,
    createsPod: createsPod(request),
    namespace: textOf(namespace),
    name: nameOf(request),
    dryRun: dryRun === true,
    object,
  };
}

function createsPod({ kind, operation, subResource }: Readonly<Record<string, unknown>>): boolean {
  // Evictions and bindings are created below a pod: operation CREATE with a subresource.
  if (operation !== 'CREATE' || textOf(subResource) !== '' || !isObject(kind)) return false;
  return textOf(kind['group']) === '' && kind['version'] === 'v1' && kind['kind'] === 'Pod';
}

function nameOf({ name, object }: Readonly<Record<string, unknown>>): string {
  const metadata = isObject(object) && isObject(object['metadata']) ? object['metadata'] : {};
  const given = textOf(name) || textOf(metadata['name']);
  const generated = textOf(metadata['generateName']);
  return given !== '' || generated === '' ? given : `${generated}*`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
