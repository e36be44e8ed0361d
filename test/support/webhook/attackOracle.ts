import { fieldsOf, isFields, itemsOf, podProblem, type Fields, type GoldenAddition } from './attackedPod.ts';

/** What came back for an attack. */
export interface AttackAnswer {
  readonly status: number;
  readonly type: string | undefined;
  readonly text: string;
}

/** What the server adds to a plain pod, by the path of the webhook. */
export type Golden = ReadonlyMap<string, GoldenAddition>;

export interface Judgement {
  readonly injected: boolean;
  /** The pod as it would be stored, when it is injected. */
  readonly pod?: Fields;
  /** Why a request is one, or what of it is wrong; undefined when the API server takes the answer and the pod. */
  readonly problem?: string;
}

/**
 * What the API server would make of an answer. Its rules are written down here once more, from its own source, and with
 * nothing of the server's: request/admissionreview.go and mutating/dispatcher.go under
 * staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook, evanphx/json-patch v4, pkg/apis/core/validation.
 */
export function judge(path: string, body: Buffer, answer: AttackAnswer, golden: Golden): Judgement {
  const sent = parsed(body.toString('utf8'));
  const request = requestOf(sent);
  if (request === undefined)
    return answer.status === 400 ? { injected: false } : wrong(`no review, yet HTTP ${answer.status}`);
  if (answer.status !== 200) return wrong(`a review, yet HTTP ${answer.status}: ${answer.text}`);
  if (answer.type !== 'application/json') return wrong(`content type ${answer.type}`);
  const response = responseTo(sent as Fields, parsed(answer.text));
  if (typeof response === 'string') return wrong(response);
  const notes = notesProblem(response);
  if (notes !== undefined) return wrong(notes);
  const { patch, patchType } = response;
  if (patch === undefined && patchType === undefined) return { injected: false };
  if (typeof patch !== 'string' || patch === '' || patchType !== 'JSONPatch')
    return wrong('patch and patchType do not belong together');
  return judgePatch(path.split('?')[0] ?? '', sent as Fields, request, patch, golden);
}

function responseTo({ apiVersion, request }: Fields, review: unknown): Fields | string {
  if (!isFields(review) || review['kind'] !== 'AdmissionReview') return 'no AdmissionReview';
  if (review['apiVersion'] !== apiVersion) return 'another apiVersion';
  const { response } = review;
  if (!isFields(response)) return 'no response';
  if (response['uid'] !== fieldsOf(request)['uid']) return 'another uid';
  return response['allowed'] === true ? response : 'not allowed';
}

function requestOf(sent: unknown): Fields | undefined {
  if (!isFields(sent) || sent['kind'] !== 'AdmissionReview' || !isFields(sent['request'])) return undefined;
  const { apiVersion } = sent;
  if (typeof apiVersion !== 'string' || !apiVersion.startsWith('admission.k8s.io/')) return undefined;
  const { uid } = sent['request'];
  return typeof uid === 'string' && uid !== '' ? sent['request'] : undefined;
}

/** Audit annotations become `WEBHOOK/KEY`; warnings become headers, which are cut at 120 characters. */
function notesProblem({ warnings, auditAnnotations }: Fields): string | undefined {
  if (
    warnings !== undefined &&
    !(
      Array.isArray(warnings) &&
      warnings.every((text) => typeof text === 'string' && /^[\u0020-\u007e…]{1,120}$/.test(text))
    )
  )
    return 'a warning that is none';
  if (auditAnnotations === undefined) return undefined;
  if (!isFields(auditAnnotations)) return 'audit annotations that are none';
  const fit = Object.entries(auditAnnotations).every(
    ([key, value]) => /^[a-z]{1,63}$/.test(key) && typeof value === 'string' && /^[a-z_]{1,40}$/.test(value),
  );
  return fit ? undefined : 'an audit annotation that is none';
}

function judgePatch(path: string, sent: Fields, request: Fields, patch: string, golden: Golden): Judgement {
  if (sent['apiVersion'] !== 'admission.k8s.io/v1') return wrong('a patch for another version');
  const pod = createdPod(request);
  if (pod === undefined) return wrong('a patch for no creation of a pod');
  const forbidden = forbiddenBecause(path, request, pod);
  if (forbidden !== undefined) return wrong(`injected, though ${forbidden}`);
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(patch)) return wrong('no base64');
  const operations = parsed(Buffer.from(patch, 'base64').toString());
  if (!Array.isArray(operations)) return wrong('the patch cannot be decoded');
  const after = structuredClone(pod);
  const problem =
    (operations as readonly unknown[]).reduce<string | undefined>(
      (before, step) => before ?? add(after, step),
      undefined,
    ) ?? podProblem(pod, after, golden.get(path));
  return problem === undefined ? { injected: true, pod: after } : wrong(problem);
}

function createdPod({ kind, operation, subResource, object }: Fields): Fields | undefined {
  if (operation !== 'CREATE' || (typeof subResource === 'string' && subResource !== '')) return undefined;
  return isFields(kind) && kind['kind'] === 'Pod' && kind['version'] === 'v1' && isFields(object) ? object : undefined;
}

/** What is never injected, whoever asks. */
function forbiddenBecause(path: string, { namespace }: Fields, pod: Fields): string | undefined {
  const spec = fieldsOf(pod['spec']);
  const annotations = fieldsOf(fieldsOf(pod['metadata'])['annotations']);
  if (annotations['packet-capture/inject'] === 'false') return 'it was opted out';
  if (path !== '/probe' && annotations['packet-capture/inject'] !== 'true') return 'it did not ask';
  if (Object.hasOwn(annotations, 'kubernetes.io/config.mirror')) return 'it is a mirror';
  if (path !== '/probe' && (namespace === 'kube-system' || namespace === 'kube-node-lease'))
    return 'its namespace is of the system';
  if (spec['hostNetwork'] === true) return 'it is in the network of its node';
  if (fieldsOf(spec['os'])['name'] === 'windows' || fieldsOf(spec['nodeSelector'])['kubernetes.io/os'] === 'windows')
    return 'it runs on Windows';
  const containers = [...itemsOf(spec['containers']), ...itemsOf(spec['initContainers'])];
  if (containers.some((container) => fieldsOf(container)['name'] === 'packet-capture')) return 'it has one already';
  return undefined;
}

/** `add` as evanphx/json-patch v4 does it: the parent must be there, and not null; an index may be one past the end. */
function add(root: Fields, operation: unknown): string | undefined {
  if (!isFields(operation) || operation['op'] !== 'add' || typeof operation['path'] !== 'string')
    return 'it is no addition';
  const { path, value } = operation;
  if (value === undefined) return 'it has no value';
  if (!/^(?:\/(?:[^~/]|~0|~1)*)+$/.test(path)) return `no JSON pointer: ${path}`;
  const keys = path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() ?? '';
  const parent = keys.reduce<unknown>(memberOf, root);
  if (Array.isArray(parent)) return insert(parent, last, structuredClone(value)) ? undefined : `no such index: ${path}`;
  if (!isFields(parent)) return `doc is missing path: ${path}`;
  Object.defineProperty(parent, last, {
    value: structuredClone(value),
    enumerable: true,
    configurable: true,
    writable: true,
  });
  return undefined;
}

function memberOf(parent: unknown, key: string): unknown {
  return typeof parent === 'object' && parent !== null && Object.hasOwn(parent, key)
    ? (parent as Fields)[key]
    : undefined;
}

function insert(list: unknown[], key: string, value: unknown): boolean {
  const index = key === '-' ? list.length : Number(key);
  if (key !== '-' && (!/^(?:0|[1-9]\d*)$/.test(key) || index > list.length)) return false;
  list.splice(index, 0, value);
  return true;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function wrong(problem: string): Judgement {
  return { injected: false, problem };
}
