import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { askRights, type Right as AnyRight } from '../../kubernetes/rights.ts';
import { policyKind } from '../helm/renderedChart.ts';
import type { ManifestObject } from '../helm/renderedObjects.ts';
import type { ApiResource } from './apiResources.ts';

/** A right that the user needs, in addition to those that the API server names itself. */
export interface Right extends AnyRight {
  /**
   * Its purpose. `watch`: helm works without it; `grant`: it is needed to create a Role, unless the user may
   * `escalate`.
   */
  readonly need: 'make' | 'watch' | 'grant';
}

/** Helm's verbs for each object; a rollback deletes objects, and hooks are deleted before they are created again. */
const verbs = ['create', 'get', 'patch', 'delete'] as const;

/** Helm 4's verb to wait for any kind; without this right it waits like helm 3, see {@link waitingRights}. */
const watchVerbs = ['list', 'watch'] as const;

/**
 * The kind in which helm stores its record of the release: Secrets, unless HELM_DRIVER names another one.
 * @see helm:pkg/action/action.go
 */
export function storageRights(namespace: string, driver = 'secret'): Right[] {
  const resource =
    /^secrets?$/.test(driver) || driver === '' ? 'secrets' : /^configmaps?$/.test(driver) ? 'configmaps' : undefined;
  if (resource === undefined) return [];
  const storage = ['create', 'get', 'list', 'update', 'delete'];
  return storage.map((verb) => ({ verb, group: '', resource, namespace, need: 'make' as const }));
}

/** The rights by which helm checks that a Deployment is ready. @see helm:pkg/kube/ready.go */
export function waitingRights(namespace: string): Right[] {
  const lists = [
    { group: '', resource: 'pods' },
    { group: 'apps', resource: 'replicasets' },
  ];
  return lists.map((list) => ({ ...list, verb: 'list', namespace, need: 'make' as const }));
}

/**
 * The rights that are needed to create these objects: for their kinds, for helm to watch them, and all rights that the
 * Roles among them grant, because a user may only grant rights that he has (kubernetes.io, "Using RBAC Authorization",
 * privilege escalation prevention).
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
 * To create a policy, a user must be able to read every object of the kind of its parameters.
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

/** The refused rights; rights that Roles grant are left out where the user may escalate. @throws as Kubectl */
export async function refusedFor(kubectl: Kubectl, rights: readonly Right[]): Promise<readonly Right[] | undefined> {
  const refused = await askRights(kubectl, rights);
  if (refused === undefined || !refused.some(({ need }) => need === 'grant')) return refused;
  const noEscalation = new Set(
    (await askRights(kubectl, escalationRights(refused)))?.map(({ namespace }) => namespace),
  );
  return refused.filter(({ need, namespace }) => need !== 'grant' || noEscalation.has(namespace));
}

/** The namespaces of the Roles: a user who may escalate there does not need the rights that they grant. */
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
