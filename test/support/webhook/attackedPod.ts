import { isDeepStrictEqual } from 'node:util';

export type Fields = Readonly<Record<string, unknown>>;

/** The parts that the server adds to a plain pod. */
export interface GoldenAddition {
  readonly initContainers: readonly Fields[];
  readonly volumes: readonly Fields[];
}

/**
 * What is wrong with a patched pod: something of the pod is lost, something else than the sidecar is added, or the API
 * server refuses it (pkg/apis/core/validation) and would not have refused it before.
 */
export function podProblem(before: Fields, after: Fields, golden: GoldenAddition | undefined): string | undefined {
  return lossProblem(before, after) ?? additionProblem(before, after, golden) ?? newProblem(before, after);
}

/** What stands there stays, and volumes of ours stand in front of it. */
const localVolumes = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';

const lists = ['initContainers', 'containers', 'volumes', 'imagePullSecrets'] as const;

/** All that was there is there, in its order, and more stands in places alone where the server may add. */
function lossProblem(before: Fields, after: Fields): string | undefined {
  const [metadata, spec] = [fieldsOf(before['metadata']), fieldsOf(before['spec'])];
  const [metadataAfter, specAfter] = [fieldsOf(after['metadata']), fieldsOf(after['spec'])];
  if (!sameBut(before, after, ['metadata', 'spec'])) return 'the pod itself is changed';
  if (!sameBut(metadata, metadataAfter, ['annotations'])) return 'the metadata are changed';
  if (!sameBut(spec, specAfter, lists)) return 'the spec is changed';
  const [annotations, annotationsAfter] = [fieldsOf(metadata['annotations']), fieldsOf(metadataAfter['annotations'])];
  if (!sameBut(annotations, annotationsAfter, ['packet-capture/status', 'packet-capture/probe', localVolumes]))
    return 'annotations are changed';
  const listOf = (fields: Fields): string => (typeof fields[localVolumes] === 'string' ? fields[localVolumes] : '');
  if (!listOf(annotationsAfter).endsWith(listOf(annotations))) return 'a list of volumes is changed';
  if (lists.some((list) => !isSubsequence(itemsOf(spec[list]), itemsOf(specAfter[list]))))
    return 'an item of a list is lost';
  return undefined;
}

function sameBut(before: Fields, after: Fields, except: readonly string[]): boolean {
  const rest = (fields: Fields): [string, unknown][] => Object.entries(fields).filter(([key]) => !except.includes(key));
  return isDeepStrictEqual(rest(before), rest(after));
}

function isSubsequence(before: readonly unknown[], after: readonly unknown[]): boolean {
  let place = 0;
  for (const item of after) if (place < before.length && isDeepStrictEqual(item, before[place])) place += 1;
  return place === before.length;
}

/** The container and the volumes are those of every pod, but for what follows from the pod: sizes and QoS. */
function additionProblem(before: Fields, after: Fields, golden: GoldenAddition | undefined): string | undefined {
  const added = (list: string): Fields[] => {
    const old = itemsOf(fieldsOf(before['spec'])[list]);
    return itemsOf(fieldsOf(after['spec'])[list])
      .filter((item) => !old.some((other) => isDeepStrictEqual(item, other)))
      .map(fieldsOf);
  };
  if (added('containers').length > 0) return 'a container is added';
  const [containers, volumes] = [added('initContainers'), added('volumes')];
  const goldenContainers = golden?.initContainers ?? [];
  if (!isDeepStrictEqual(containers.map(general), goldenContainers.map(general)))
    return `other init containers are added: ${JSON.stringify(containers)}`;
  if (!isDeepStrictEqual(volumes.map(general), (golden?.volumes ?? []).map(general)))
    return `other volumes are added: ${JSON.stringify(volumes)}`;
  if (volumes.some(({ emptyDir }) => !isSize(fieldsOf(emptyDir)['sizeLimit'])))
    return `no quantity: ${JSON.stringify(volumes)}`;
  const limits = fieldsOf(goldenContainers[0]?.['resources'])['limits'];
  const resources = [goldenContainers[0]?.['resources'], { requests: limits, limits }, {}];
  return containers.every((container) => resources.some((other) => isDeepStrictEqual(other, container['resources'])))
    ? undefined
    : 'other resources';
}

function general(item: Fields): unknown {
  const { resources: _resources, env, emptyDir, ...rest } = item;
  const names = itemsOf(env).filter((variable) => fieldsOf(variable)['name'] !== 'PACKET_CAPTURE_SIZE_LIMIT');
  return { ...rest, env: names, emptyDir: emptyDir !== undefined };
}

/** A quantity as resource.MustParse takes it, of at least the 16 MiB that every ring needs and within 63 bits. */
function isSize(value: unknown): boolean {
  if (value === undefined) return true;
  const [, digits = '', unit = ''] = /^(\d{1,19})(Ki|Mi|Gi|)$/.exec(typeof value === 'string' ? value : '') ?? [];
  if (digits === '') return false;
  const bytes = BigInt(digits) * 1024n ** BigInt(['', 'Ki', 'Mi', 'Gi'].indexOf(unit));
  return bytes >= 2n ** 24n && bytes < 2n ** 63n;
}

/** What validation refuses of the patched pod and would not have refused of the one before. */
function newProblem(before: Fields, after: Fields): string | undefined {
  const old = new Set(invalidities(before));
  return invalidities(after).find((problem) => !old.has(problem));
}

function invalidities(pod: Fields): string[] {
  const spec = fieldsOf(pod['spec']);
  const containers = [
    ...itemsOf(spec['containers']),
    ...itemsOf(spec['initContainers']),
    ...itemsOf(spec['ephemeralContainers']),
  ].map(fieldsOf);
  const volumes = itemsOf(spec['volumes']).map((item) => fieldsOf(item)['name']);
  const annotations = Object.entries(fieldsOf(fieldsOf(pod['metadata'])['annotations']));
  const bytes = annotations.reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(textOf(value)),
    0,
  );
  const mounts = containers.map((container) => itemsOf(container['volumeMounts']).map(fieldsOf));
  return [
    ...twins(containers.map(({ name }) => name)).map((name) => `two containers ${name}`),
    ...twins(volumes).map((name) => `two volumes ${name}`),
    ...mounts.flatMap((list) => twins(list.map(({ mountPath }) => mountPath)).map((place) => `two mounts at ${place}`)),
    ...mounts
      .flat()
      .filter(({ name }) => !volumes.includes(name))
      .map(({ name }) => `no volume ${textOf(name)}`),
    ...(bytes > 256 * 1024 ? ['annotations too large'] : []),
  ];
}

function twins(names: readonly unknown[]): string[] {
  return names.filter((name, index) => names.indexOf(name) < index).map(textOf);
}

/** Whatever a review has there: an object with a `toString` of its own has no string. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
