import { leftOutReasons } from '../../inject/index.ts';
import type { PodTemplate } from '../../kubernetes/api/types.ts';
import { settingAnnotation, settingEnvironment, settingProblem } from '../../settings/index.ts';
import { shell } from '../../shell.ts';
import { asksForMirror, containerName, mirrorName } from '../../sidecar/index.ts';
import { ownerName, templateOf, topOwner, type Roll } from '../read/podOwners.ts';
import type { ReleaseFacts } from '../read/releases.ts';
import { annotateTemplate } from './advice.ts';
import type { Condition, Subject } from './conditions.ts';
import { inItsTemplate } from './podFindings.ts';
import { levelFor } from './releasePodSecurity.ts';

const key = settingAnnotation('mirror');

/** Whether an injected pod has the container that mirrors; empty when it does not ask for a mirror. Pure. */
export function mirrorConditions(subject: Subject, facts: ReleaseFacts | undefined): Condition[] {
  const { pod } = subject;
  if (hasMirror(pod)) return [{ met: true, what: `it has the container ${mirrorName}` }];
  if (!asks(pod)) return [];
  const why = isBaseline(subject, facts)
    ? leftOutReasons.mirror
    : `its annotation ${key} was added after its creation, or the version that injected it has no mirrors`;
  return [{ met: false, what: `it has no container ${mirrorName}: ${why}` }];
}

/**
 * The same for a workload's pods, when its template asks for mirrors. @param facts of the release that would inject
 * them. Pure.
 */
export function mirrorsOfPods(
  subject: Subject,
  pods: readonly PodTemplate[],
  facts: ReleaseFacts | undefined,
): Condition[] {
  const defaults = facts?.sidecar?.form === 'agent' ? facts.sidecar.settings : {};
  if (!asksForMirror(wishOf(subject.pod), defaults)) return [];
  if (isBaseline(subject, facts)) return [{ met: false, what: `its pods run ${leftOutReasons.mirror}` }];
  const missing = pods.filter((pod) => agentOf(pod) !== undefined && !hasMirror(pod)).length;
  if (missing === 0) return [];
  return [
    {
      met: false,
      what: `${missing} of its ${pods.length} pods have no container ${mirrorName}: they are older than the request for it`,
    },
  ];
}

/** What to do about a pod without the container that mirrors; undefined when there is nothing to do. Pure. */
export function mirrorAdvice(subject: Subject, roll: Roll, facts: ReleaseFacts | undefined): string | undefined {
  const { pod, owners, namespace } = subject;
  const url = wishOf(pod);
  // An invalid URL is never put into a command line; the agent reports what is wrong with it.
  if (hasMirror(pod) || !asks(pod) || isBaseline(subject, facts) || settingProblem('mirror', url) !== undefined)
    return undefined;
  const owner = topOwner(owners);
  if (owner !== undefined && inItsTemplate(owners)) {
    const name = [ownerName(owner), '--namespace', namespace];
    return shell`packet-capture unpatch ${name} && packet-capture patch ${name} ${url === '' ? [] : ['--mirror', url]}`;
  }
  const template = owner && templateOf(owner);
  const standsThere = url === '' || (template !== undefined && wishOf(template) !== '');
  return standsThere ? roll.line : annotateTemplate(subject, { [key]: url });
}

function wishOf({ metadata }: PodTemplate): string {
  return metadata?.annotations?.[key] ?? '';
}

function asks(pod: PodTemplate): boolean {
  const env = (agentOf(pod)?.['env'] ?? []) as readonly { readonly name: string; readonly value?: string }[];
  const byDefault = env.find(({ name }) => name === settingEnvironment('mirror'))?.value ?? '';
  return agentOf(pod) !== undefined && asksForMirror(wishOf(pod), { mirror: byDefault });
}

function agentOf({
  spec,
}: PodTemplate): NonNullable<NonNullable<PodTemplate['spec']>['initContainers']>[number] | undefined {
  return spec?.initContainers?.find(({ name }) => name === containerName);
}

function hasMirror({ spec }: PodTemplate): boolean {
  return spec?.initContainers?.some(({ name }) => name === mirrorName) === true;
}

function isBaseline({ namespaceLabels }: Subject, facts: ReleaseFacts | undefined): boolean {
  return namespaceLabels !== undefined && levelFor(facts?.release, namespaceLabels) === 'baseline';
}
