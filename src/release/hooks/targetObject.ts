/** The kinds that can be opted in, in the order of the opt-in: a namespace before its workloads. */
export const targetKinds = ['Namespace', 'Deployment', 'StatefulSet', 'DaemonSet'] as const;

/** A kind of objects that can be opted in. */
export type TargetKind = (typeof targetKinds)[number];

/** An object to opt in; for a namespace, `namespace` is empty. */
export interface TargetObject {
  readonly kind: TargetKind;
  readonly namespace: string;
  readonly name: string;
}

/** `namespace/shop`, `deployment/web in shop`: for people. */
export function targetName({ kind, namespace, name }: TargetObject): string {
  const named = `${kind.toLowerCase()}/${name}`;
  return namespace === '' ? named : `${named} in ${namespace}`;
}

/** The resource name in the API and RBAC: `namespaces`, `deployments`. */
export function resourceOf(kind: TargetKind): string {
  return `${kind.toLowerCase()}s`;
}

/** The path of the object in the API. */
export function targetPath({ kind, namespace, name }: TargetObject): string {
  const path = kind === 'Namespace' ? '/api/v1' : `/apis/apps/v1/namespaces/${namespace}`;
  return `${path}/${resourceOf(kind)}/${name}`;
}

/** Each object once, in the order of the opt-in. */
export function uniqueTargets(objects: readonly TargetObject[]): readonly TargetObject[] {
  const byName = new Map(objects.map((object) => [targetName(object), object]));
  return [...byName.values()].toSorted((a, b) => compare(sortKey(a), sortKey(b)));
}

/** The objects of `all` that are not in `others`. */
export function withoutTargets(all: readonly TargetObject[], others: readonly TargetObject[]): readonly TargetObject[] {
  const names = new Set(others.map(targetName));
  return all.filter((object) => !names.has(targetName(object)));
}

function sortKey({ kind, namespace, name }: TargetObject): string {
  return [kind === 'Namespace' ? 0 : 1, namespace, targetKinds.indexOf(kind), name].join(' ');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
