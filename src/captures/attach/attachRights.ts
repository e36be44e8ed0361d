import { codedError } from '../../errors.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { currentNamespace } from '../../kubernetes/namespace.ts';
import { readKubectlMinor } from '../../kubernetes/readVersions.ts';
import { askRights, groupRights, type Right } from '../../kubernetes/rights.ts';
import { minimums, sinceKubernetes } from '../../minimums.ts';
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
  const right = (verb: string, resource: string): Right => ({ verb, group: '', resource, namespace: within });
  const needed = rightsFor(target).map(([verb, resource]) => right(verb, resource));
  const changes = { patch: right('patch', ephemeral), update: right('update', ephemeral) };
  const events = right('create', 'events');
  const refused = (await askRights(kubectl, [...needed, ...Object.values(changes), events])) ?? [];
  // Which of the two is needed depends on kubectl, whose version is only asked for if one is missing.
  const isChange = (asked: Right): boolean => Object.values(changes).includes(asked);
  const change = refused.some(isChange) ? changes[await changingVerb(kubectl)] : undefined;
  const missing = refused.filter((asked) => asked !== events && (!isChange(asked) || asked === change));
  if (missing.length > 0) {
    const texts = groupRights(missing).map(({ where, what }) => `${what} in ${where}`);
    const newer = change === changes.update && missing.includes(change) ? ` ${newerKubectl}` : '';
    throw codedError('FORBIDDEN', texts.join('; '), { where: 'attach', hint: `${roleHint}${newer}` });
  }
  return { events: !refused.includes(events) };
}

const ephemeral = 'pods/ephemeralcontainers';
const roleHint =
  'Ask for a RoleBinding to the ClusterRole that the chart makes with rbac.attach=true, or that docs/attach.md shows.';
const newerKubectl = `Or use kubectl ${sinceKubernetes('kubectlPatchesEphemeralContainers')} or later (the environment variable KUBECTL names another one), which needs patch instead of update.`;

/** How this kubectl changes the ephemeral containers of a pod, see addContainer. */
async function changingVerb(kubectl: Kubectl): Promise<'patch' | 'update'> {
  return (await readKubectlMinor(kubectl)) < minimums.kubectlPatchesEphemeralContainers ? 'update' : 'patch';
}

/** Besides the right to change the pod. A pod that is named needs no list. */
function rightsFor({ name = '' }: PodTarget): readonly (readonly [verb: string, resource: string])[] {
  const onePod = name !== '' && (!name.includes('/') || /^(?:po|pods?)\//i.test(name));
  return [
    ['get', 'pods'],
    ...(onePod ? [] : [['list', 'pods'] as const]),
    // kubectl reads the subresource before it changes it.
    ['get', ephemeral],
    ['create', 'pods/exec'],
  ];
}
