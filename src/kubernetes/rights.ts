import type { Kubectl } from './kubectl.ts';
import { unlessForbidden } from './reading.ts';

/** A right that the API server is asked about. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  /** `pods`, or with a subresource `pods/exec`. */
  readonly resource: string;
  /** Empty for a right in the whole cluster. */
  readonly namespace: string;
  readonly name?: string;
}

/**
 * Asks for all rights in one request.
 * @returns those that the user lacks; undefined when the cluster does not answer the question
 * @throws as Kubectl
 */
export async function askRights<R extends Right>(
  kubectl: Kubectl,
  rights: readonly R[],
): Promise<readonly R[] | undefined> {
  return unlessForbidden(async () => refusedRights(kubectl, rights));
}

async function refusedRights<R extends Right>(kubectl: Kubectl, rights: readonly R[]): Promise<readonly R[]> {
  if (rights.length === 0) return [];
  const items = rights.map((right) => ({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: attributesOf(right) },
  }));
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const args = ['create', '-f', '-', '-o', String.raw`jsonpath={.status.allowed}{"\n"}`];
  const answers = (await kubectl(args, { input, timeoutSeconds: 60 })).stdout.trim().split('\n');
  return rights.filter((_, index) => answers[index] !== 'true');
}

/** Those alone: a caller's rights may have members of its own, which the API server refuses. */
function attributesOf({ verb, group, namespace, resource: whole, name }: Right): object {
  const [resource, subresource] = whole.split('/');
  return {
    verb,
    group,
    namespace,
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === undefined ? {} : { name }),
  };
}

/** One line for each resource and namespace: `you may not create, delete roles.rbac.authorization.k8s.io`. */
export function groupRights(rights: readonly Right[]): { readonly where: string; readonly what: string }[] {
  const groups = new Map<string, { where: string; resource: string; verbs: string[] }>();
  for (const { verb, group, resource, namespace, name } of rights) {
    const full = `${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : `/${name}`}`;
    const where = namespace === '' ? 'the cluster' : `namespace ${namespace}`;
    const row = groups.get(`${where} ${full}`) ?? { where, resource: full, verbs: [] };
    if (!row.verbs.includes(verb)) row.verbs.push(verb);
    groups.set(`${where} ${full}`, row);
  }
  return [...groups.values()].map(({ where, resource, verbs: missing }) => ({
    where,
    what: `you may not ${missing.join(', ')} ${resource}`,
  }));
}
