import { codedError } from '../../errors.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { currentNamespace } from '../../kubernetes/namespace.ts';
import { askRights, groupRights, type Right } from '../../kubernetes/rights.ts';
import type { PodTarget } from '../readTarget.ts';

/** What the user may do besides attaching. */
export interface OtherRights {
  /** Write an Event about a pod. */
  readonly events: boolean;
}

/**
 * Asks for all rights of `attach` before anything is changed. Where the cluster does not answer that question, each
 * step fails for itself.
 * @throws FORBIDDEN with all that are missing; and as Kubectl
 */
export async function checkAttachRights(kubectl: Kubectl, target: PodTarget): Promise<OtherRights> {
  const { allNamespaces, namespace = await currentNamespace(kubectl) } = target;
  const within = allNamespaces === true ? '' : namespace;
  const needed = rightsFor(target).map(([verb, resource]): Right => ({ verb, group: '', resource, namespace: within }));
  const events: Right = { verb: 'create', group: '', resource: 'events', namespace: within };
  const refused = await askRights(kubectl, [...needed, events]);
  const missing = refused?.filter((right) => right !== events) ?? [];
  if (missing.length > 0) {
    const texts = groupRights(missing).map(({ where, what }) => `${what} in ${where}`);
    throw codedError('FORBIDDEN', texts.join('; '), {
      where: 'attach',
      hint: 'Ask for a RoleBinding to the ClusterRole that the chart makes with rbac.attach=true, or that docs/attach.md shows.',
    });
  }
  return { events: refused?.includes(events) !== true };
}

/** A pod that is named needs no list. */
function rightsFor({ name = '' }: PodTarget): readonly (readonly [verb: string, resource: string])[] {
  const onePod = name !== '' && (!name.includes('/') || /^(?:po|pods?)\//i.test(name));
  return [
    ['get', 'pods'],
    ...(onePod ? [] : [['list', 'pods'] as const]),
    // kubectl reads the subresource before it changes it.
    ['get', 'pods/ephemeralcontainers'],
    ['patch', 'pods/ephemeralcontainers'],
    ['create', 'pods/exec'],
  ];
}
