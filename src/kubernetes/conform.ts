import { isFields } from '../typed.ts';

/**
 * Makes an answer of the API server fit the types of api/types.ts. The API server checks the types of Kubernetes' own
 * kinds. Those of custom kinds depend on a schema that anybody may write, and objects of an aggregated API are not
 * checked at all. A member of a wrong type counts as absent; members that are not read here stay unchanged. One
 * function is enough for all kinds, because a member has the same type in all of them.
 */
export function conformObject(value: unknown): unknown {
  return isFields(value) ? { ...blank, ...(object(value) as object) } : undefined;
}

/** The same for one object, or for a list. Items without a name are left out. */
export function conformAnswer(value: unknown): unknown {
  if (!isFields(value) || !('items' in value)) return conformObject(value);
  const items = Array.isArray(value['items']) ? (value['items'] as readonly unknown[]) : [];
  return {
    ...(conformObject(value) as object),
    items: items.flatMap((item) => conformObject(item) ?? []).filter(isNamed),
  };
}

const blank = { apiVersion: '', kind: '', metadata: { name: '' } } as const;

function isNamed(value: unknown): boolean {
  return (value as typeof blank).metadata.name !== blank.metadata.name;
}

/** Returns the value itself if its type is right, a corrected copy if a part of it is wrong, or undefined. */
type Shape = (value: unknown) => unknown;

const text: Shape = (value) => (typeof value === 'string' ? value : undefined);
const number: Shape = (value) => (typeof value === 'number' ? value : undefined);
const flag: Shape = (value) => (typeof value === 'boolean' ? value : undefined);
/** IntOrString, and quantities. */
const scalar: Shape = (value) => (typeof value === 'string' || typeof value === 'number' ? value : undefined);

function map(shape: Shape): Shape {
  return (value) => (isFields(value) ? fitted(value, Object.keys(value), () => shape) : undefined);
}

function list(shape: Shape): Shape {
  return (value) => {
    if (!Array.isArray(value)) return undefined;
    const items = value.map((item: unknown) => shape(item));
    return items.every((item, index) => item === value[index]) ? value : items.filter((item) => item !== undefined);
  };
}

/** @param needed without one of these members the whole value counts as absent */
function members(shapes: Readonly<Record<string, Shape>>, needed: readonly string[] = []): Shape {
  const names = Object.keys(shapes);
  return (value) => {
    if (!isFields(value)) return undefined;
    const made = fitted(value, names, (name) => shapes[name]);
    return needed.every((name) => made[name] !== undefined) ? made : undefined;
  };
}

/** The same object if all its members fit; otherwise a corrected copy. */
function fitted(
  value: Readonly<Record<string, unknown>>,
  names: readonly string[],
  shapeOf: (name: string) => Shape | undefined,
): Readonly<Record<string, unknown>> {
  let changed: Map<string, unknown> | undefined;
  for (const name of names) {
    if (!Object.hasOwn(value, name)) continue;
    const before = value[name];
    const after = shapeOf(name)?.(before);
    if (after === before) continue;
    changed ??= new Map(Object.entries(value));
    if (after === undefined) changed.delete(name);
    else changed.set(name, after);
  }
  return changed === undefined ? value : Object.fromEntries(changed);
}

const texts = map(text);
const amounts = map(scalar);
const resources = members({ requests: amounts, limits: amounts });
const named = members({ name: text }, ['name']);

/** A metav1.LabelSelector. A Service and a ReplicationController have a map of labels instead. */
const requirement = members({ key: text, operator: text, values: list(text) }, ['key', 'operator']);
const selectorMembers: Readonly<Record<string, Shape>> = { matchLabels: texts, matchExpressions: list(requirement) };
const selector: Shape = (value) =>
  isFields(value) ? fitted(value, Object.keys(value), (name) => selectorMembers[name] ?? text) : undefined;

const owner = members({ apiVersion: text, kind: text, name: text, controller: flag }, ['apiVersion', 'kind', 'name']);
const metadataMembers: Readonly<Record<string, Shape>> = {
  name: text,
  generateName: text,
  namespace: text,
  uid: text,
  generation: number,
  resourceVersion: text,
  creationTimestamp: text,
  deletionTimestamp: text,
  labels: texts,
  annotations: texts,
  ownerReferences: list(owner),
  managedFields: list(members({ manager: text })),
  // Of a list.
  continue: text,
};
/** The metadata of a pod template. */
const metadata = members(metadataMembers);
/** The metadata of an object, which always has a name. */
const objectMetadata: Shape = (value) => ({ ...blank.metadata, ...(metadata(value) as object | undefined) });

const variable = members({ name: text, value: text }, ['name']);
const container = members(
  {
    name: text,
    image: text,
    imagePullPolicy: text,
    restartPolicy: text,
    command: list(text),
    args: list(text),
    env: list(variable),
    ports: list(members({ containerPort: scalar, hostPort: scalar, name: text, protocol: text })),
    resources,
    securityContext: members({ capabilities: members({ add: list(text), drop: list(text) }) }),
    volumeMounts: list(members({ name: text, mountPath: text }, ['name'])),
  },
  ['name'],
);
const volume = members({ name: text, secret: members({ secretName: text }), emptyDir: members({}) }, ['name']);
const toleration = members({ key: text, operator: text, value: text, effect: text });

/**
 * The spec of a pod, of a workload, and of the other kinds that are read here. No name has two types among them.
 */
const specMembers: Readonly<Record<string, Shape>> = {
  containers: list(container),
  initContainers: list(container),
  ephemeralContainers: list(container),
  volumes: list(volume),
  tolerations: list(toleration),
  imagePullSecrets: list(named),
  nodeSelector: texts,
  nodeName: text,
  runtimeClassName: text,
  serviceAccountName: text,
  overhead: amounts,
  hostNetwork: flag,
  os: members({ name: text }),
  resources,
  replicas: number,
  paused: flag,
  suspend: flag,
  schedule: text,
  selector,
  strategy: strategyShape(),
  updateStrategy: strategyShape(),
  ordinals: members({ start: number }),
  volumeClaimTemplates: list(members({ metadata: members({ name: text }, ['name']) }, ['metadata'])),
  failurePolicy: text,
  matchConditions: list(matchCondition()),
  policyName: text,
  // Of a LimitRange and a ResourceQuota.
  limits: list(limit()),
  hard: amounts,
  scopes: list(text),
  paramRef: members({ name: text, namespace: text }),
  matchResources: members({ namespaceSelector: selector, objectSelector: selector }),
};

function strategyShape(): Shape {
  return members({
    type: text,
    rollingUpdate: members({ maxSurge: scalar, maxUnavailable: scalar, partition: number }),
  });
}

function limit(): Shape {
  return members({
    type: text,
    min: amounts,
    max: amounts,
    default: amounts,
    defaultRequest: amounts,
    maxLimitRequestRatio: amounts,
  });
}

function matchCondition(): Shape {
  return members({ name: text, expression: text }, ['name', 'expression']);
}

const template: Shape = members({ metadata, spec: (value) => spec(value) });
const jobTemplate: Shape = members({ metadata, spec: (value) => spec(value) });
const spec: Shape = members({ ...specMembers, template, jobTemplate });

const condition = members({ type: text, status: text, reason: text, message: text }, ['type', 'status']);
const containerState = members({
  waiting: members({ reason: text, message: text }),
  terminated: members({ reason: text, message: text, exitCode: number }),
});
const containerStatus = members(
  { name: text, ready: flag, started: flag, restartCount: number, state: containerState },
  ['name'],
);
const statusMembers: Readonly<Record<string, Shape>> = {
  phase: text,
  conditions: list(condition),
  initContainerStatuses: list(containerStatus),
  containerStatuses: list(containerStatus),
  ephemeralContainerStatuses: list(containerStatus),
  active: scalar,
  hard: amounts,
  used: amounts,
};
/** The numbers in a status that are read, see slim.ts. */
export const statusCounts = [
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'desiredNumberScheduled',
  'updatedNumberScheduled',
  'numberReady',
  'numberAvailable',
  'succeeded',
  'failed',
];
const status = members({ ...Object.fromEntries(statusCounts.map((name) => [name, number])), ...statusMembers });

const webhook = members(
  {
    name: text,
    failurePolicy: text,
    clientConfig: members({ caBundle: text, service: members({ name: text, namespace: text }, ['name', 'namespace']) }),
    namespaceSelector: selector,
    objectSelector: selector,
    matchConditions: list(matchCondition()),
  },
  ['name'],
);

/** An object of any kind. */
const object = members({
  apiVersion: text,
  kind: text,
  metadata: objectMetadata,
  spec,
  status,
  // Of a PodTemplate.
  template,
  // Of a ConfigMap or a Secret.
  data: texts,
  webhooks: list(webhook),
  // Of an event.
  type: text,
  reason: text,
  message: text,
  involvedObject: members({ kind: text, name: text }),
  lastTimestamp: text,
  eventTime: text,
  // Of a service account.
  imagePullSecrets: list(named),
});
