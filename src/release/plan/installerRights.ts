import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { askRights, type Right as AnyRight } from '../../kubernetes/rights.ts';
import { policyKind } from '../helm/renderedChart.ts';
import type { ManifestObject } from '../helm/renderedObjects.ts';
import type { ApiResource } from './apiResources.ts';

export interface Right extends AnyRight {
  /**
   * What it is for. `watch`: helm can do without it; `grant`: Roles may be made of it by whoever may `escalate` too.
   */
  readonly need: 'make' | 'watch' | 'grant';
}

/** What helm does with each object; a rollback deletes, the hooks are deleted before they are made anew. */
const verbs = ['create', 'get', 'patch', 'delete'] as const;

/** What helm 4 does to wait for any kind; without it, it waits as helm 3 does, see {@link waitingRights}. */
const watchVerbs = ['list', 'watch'] as const;

/**
 * Where helm keeps its record of the release: in Secrets, unless HELM_DRIVER says otherwise.
 * @see helm:pkg/action/action.go
 */
export function storageRights(namespace: string, driver = 'secret'): Right[] {
  const resource =
    /^secrets?$/.test(driver) || driver === '' ? 'secrets' : /^configmaps?$/.test(driver) ? 'configmaps' : undefined;
  if (resource === undefined) return [];
  const storage = ['create', 'get', 'list', 'update', 'delete'];
  return storage.map((verb) => ({ verb, group: '', resource, namespace, need: 'make' as const }));
}

/** How helm sees that a Deployment is ready. @see helm:pkg/kube/ready.go */
export function waitingRights(namespace: string): Right[] {
  const lists = [
    { group: '', resource: 'pods' },
    { group: 'apps', resource: 'replicasets' },
  ];
  return lists.map((list) => ({ ...list, verb: 'list', namespace, need: 'make' as const }));
}

/**
 * The rights that making these objects takes: to handle their kinds, to let helm watch them, and to hold what the Roles
 * among them grant, since nobody may grant what he has not
 * (kubernetes.io, "Using RBAC Authorization", privilege escalation prevention).
 */
export function rightsFor(objects: readonly ManifestObject[], resources: readonly ApiResource[]): Right[] {
  const handle = objects.flatMap((object): Right[] => {
    const resource = resources.find(({ kind, apiVersion }) => kind === object.kind && apiVersion === object.apiVersion);
    if (resource === undefined) return [];
    const place = {
      group: groupOf(object.apiVersion),
      resource: resource.name,
      namespace: resource.namespaced ? (object.metadata.namespace ?? '') : '',
    };
    return [
      ...verbs.map((verb) => ({ ...place, verb, need: 'make' as const })),
      ...watchVerbs.map((verb) => ({ ...place, verb, need: 'watch' as const })),
    ];
  });
  return unique([
    ...handle,
    ...objects.flatMap((object) => parameterRights(object, resources)),
    ...objects.flatMap(grants),
  ]);
}

/**
 * Who makes a policy must be able to read whatever may be its parameters.
 * @see kubernetes:pkg/registry/admissionregistration/mutatingadmissionpolicy/authz.go
 */
function parameterRights({ kind, spec }: ManifestObject, resources: readonly ApiResource[]): Right[] {
  const { paramKind } = (kind === policyKind.kind ? spec : {}) as {
    readonly paramKind?: { readonly kind: string; readonly apiVersion: string };
  };
  const resource = resources.find(
    (known) => known.kind === paramKind?.kind && known.apiVersion === paramKind.apiVersion,
  );
  if (resource === undefined) return [];
  return [{ verb: 'get', group: groupOf(resource.apiVersion), resource: resource.name, namespace: '', need: 'make' }];
}

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs?: readonly string[];
}

function grants(object: ManifestObject): Right[] {
  if (object.kind !== 'Role' && object.kind !== 'ClusterRole') return [];
  const namespace = object.kind === 'Role' ? (object.metadata.namespace ?? '') : '';
  const rules = (object['rules'] ?? []) as readonly Rule[];
  return rules.flatMap(({ apiGroups = [], resources: names = [], resourceNames = [''], verbs: granted = [] }) =>
    apiGroups.flatMap((group) =>
      names.flatMap((resource) =>
        resourceNames.flatMap((name) =>
          granted.map((verb): Right => ({
            verb,
            group,
            resource,
            namespace,
            need: 'grant',
            ...(name === '' ? {} : { name }),
          })),
        ),
      ),
    ),
  );
}

function unique(rights: readonly Right[]): Right[] {
  return [...new Map(rights.map((right) => [JSON.stringify(right), right])).values()];
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}

/**
 * What is refused; what Roles grant counts only where it may not be granted by escalation either.
 * @throws as Kubectl
 */
export async function refusedFor(kubectl: Kubectl, rights: readonly Right[]): Promise<readonly Right[] | undefined> {
  const refused = await askRights(kubectl, rights);
  if (refused === undefined || !refused.some(({ need }) => need === 'grant')) return refused;
  const noEscalation = new Set(
    (await askRights(kubectl, escalationRights(refused)))?.map(({ namespace }) => namespace),
  );
  return refused.filter(({ need, namespace }) => need !== 'grant' || noEscalation.has(namespace));
}

/** Where Roles are made: who may escalate there need not hold what they grant. */
function escalationRights(refused: readonly Right[]): Right[] {
  const namespaces = new Set(refused.filter(({ need }) => need === 'grant').map(({ namespace }) => namespace));
  return [...namespaces].flatMap((namespace) =>
    ['escalate', 'bind'].map((verb) => ({
      verb,
      group: 'rbac.authorization.k8s.io',
      resource: namespace === '' ? 'clusterroles' : 'roles',
      namespace,
      need: 'make' as const,
    })),
  );
}
