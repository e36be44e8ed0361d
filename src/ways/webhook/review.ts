/**
 * The parts of an AdmissionReview that the server reads.
 * @see staging/src/k8s.io/api/admission/v1/types.go in kubernetes/kubernetes
 */
export interface Review {
  /** The version of the request; the answer must have the same. */
  readonly apiVersion: string;
  readonly uid: string;
  /** Whether the request creates a pod (core/v1); other requests are not changed. */
  readonly createsPod: boolean;
  /** The namespace of the request; the object's own may be empty. */
  readonly namespace: string;
  /** The name, or generateName followed by `*`, for logs. */
  readonly name: string;
  readonly dryRun: boolean;
  readonly object: unknown;
}

/** Reads the review in a request's body; undefined when it is not an AdmissionReview that can be answered. */
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
  // Evictions and bindings are subresources of a pod, with the operation CREATE too.
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

/** Whether a value is an object, neither null nor a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
