import { dryRunPods } from '../dryRun/index.ts';
import { codedError } from '../errors.ts';
import { templatePath } from '../kubernetes/api/kinds.ts';
import { objectName, type Metadata, type WorkloadObject, type Pod, type Namespace } from '../kubernetes/api/types.ts';
import { endedHint, endedText } from '../kubernetes/ended.ts';
import { type Kubectl, kubectlJson } from '../kubernetes/kubectl.ts';
import { controllerOf } from '../kubernetes/owners.ts';
import { readSome, unlessForbidden } from '../kubernetes/reading.ts';
import { checkTarget } from '../kubernetes/target.ts';
import type { Subject } from './judge/conditions.ts';
import { hasAnySidecar, judge, type Judgement } from './judge/judge.ts';
import { askedFor, makerOf, subjectOfTemplate } from './judge/nextPod.ts';
import { inItsTemplate } from './judge/podFindings.ts';
import { dryRunOf } from './judge/refused.ts';
import { templateOf, topOwner, type Owner } from './read/podOwners.ts';
import { readRegistrations } from './read/registrations.ts';
import type { ReleaseFacts } from './read/releases.ts';
import { readReleaseFacts, readReleaseState, type ReleaseState } from './read/releaseState.ts';
import { podsOf } from './read/workloadPods.ts';
import { explain, type WhyFacts, type WhyResult } from './report/explain.ts';

/** The object that `why` explains. Durations are counted until `now`. */
export interface WhyOptions {
  /** A pod's name, or TYPE/NAME as kubectl takes it. */
  readonly target: string;
  readonly kubectl: Kubectl;
  readonly now: Date;
}

/**
 * Explains why a pod, or the pods of a workload, are injected or not; changes nothing.
 * @throws USAGE, NOT_FOUND, KIND_UNSUPPORTED and as Kubectl
 */
export async function whyInjected({ target, kubectl, now }: WhyOptions): Promise<WhyResult> {
  const name = checkTarget(target.includes('/') ? target : `pod/${target}`);
  const [object, registrations] = await Promise.all([
    kubectlJson<WorkloadObject>(kubectl, ['get', name]),
    readRegistrations(kubectl),
  ]);
  const namespace = object.metadata.namespace ?? 'default';
  const [subject, facts] = await Promise.all([
    subjectOf(kubectl, object, namespace),
    Promise.all((registrations.releases ?? []).map(async (release) => readReleaseFacts(kubectl, release))),
  ]);
  const known = registrations.releases === undefined ? undefined : facts;
  const judgement = judge(subject, known);
  const workload = object.kind === 'Pod' ? undefined : object;
  const maker = makerOf(subject, workload, judgement.reason === 'older_template' || inItsTemplate(subject.owners));
  const [verdict, pods] = await Promise.all([
    dryRunPods({ kubectl, namespace, ...askedFor(subject, maker, judgement.facts) }),
    podsToLookAt(kubectl, subject, workload, judgement),
  ]);
  const siblings = workload === undefined ? undefined : judgedLike(subject, pods, known);
  const dryRun = dryRunOf(verdict, subject, (pod) => hasAnySidecar(pod, facts), judgement.reason === undefined);
  const injects = dryRun.kind === 'made' && dryRun.injects;
  const state = injects ? undefined : await stateBehind(kubectl, judgement);
  const result = explain({
    object: objectName(object),
    subject,
    judgement,
    dryRun,
    state,
    siblings,
    kin: workload === undefined ? pods : undefined,
    known: known !== undefined,
    now,
  });
  const ended = endedText(object);
  return ended === undefined ? result : { ...result, verdict: `${ended}. ${result.verdict}`, next: endedHint };
}

/** The pods of the workload: a pod without the sidecar must not be replaced while others of its workload wait. */
async function podsToLookAt(
  kubectl: Kubectl,
  { owners, namespace }: Subject,
  workload: WorkloadObject | undefined,
  { carries }: Judgement,
): Promise<Pod[] | undefined> {
  const object = workload ?? (carries ? undefined : topOwner(owners)?.object);
  return object === undefined ? undefined : podsOf(kubectl, object, namespace);
}

/** The state of the release that should inject; only read when the rules do not explain why it does not. */
async function stateBehind(kubectl: Kubectl, { facts, reason, carries }: Judgement): Promise<ReleaseState | undefined> {
  return facts === undefined || reason !== undefined || carries ? undefined : readReleaseState(kubectl, facts.release);
}

/** The pods of a workload, each judged by the rules for the workload's next pod. */
function judgedLike(
  subject: Subject,
  pods: readonly Pod[] | undefined,
  known: readonly ReleaseFacts[] | undefined,
): WhyFacts['siblings'] {
  return pods?.map((pod) => ({ ...subject, pod })).map((one) => ({ subject: one, judgement: judge(one, known) }));
}

/** A pod itself; for any other kind, the pod that its template makes. */
async function subjectOf(kubectl: Kubectl, object: WorkloadObject, namespace: string): Promise<Subject> {
  const [labels, above] = await Promise.all([
    readLabels(kubectl, namespace),
    readOwners(kubectl, object.metadata, namespace),
  ]);
  if (object.kind === 'Pod')
    return { pod: object as unknown as Pod, namespace, namespaceLabels: labels, owners: above };
  const { apiVersion, kind, metadata } = object;
  const self: Owner = { apiVersion, kind, name: metadata.name, object };
  const template = templateOf(self);
  if (templatePath(apiVersion, kind) === undefined || template === undefined) {
    throw codedError('KIND_UNSUPPORTED', `a ${kind} (${apiVersion}) has no pod template that this command knows`, {
      where: `${objectName(object)} in namespace ${namespace}`,
    });
  }
  return subjectOfTemplate(object, namespace, labels, above);
}

async function readLabels(kubectl: Kubectl, namespace: string): Promise<Subject['namespaceLabels']> {
  const found = await unlessForbidden(async () => readSome<Namespace>(kubectl, ['get', 'namespaces', namespace]));
  return found === undefined ? undefined : (found[0]?.metadata.labels ?? {});
}

async function readOwners(kubectl: Kubectl, metadata: Metadata, namespace: string): Promise<Owner[]> {
  const owners: Owner[] = [];
  let next = controllerOf(metadata);
  while (next !== undefined && owners.length < 8) {
    const { apiVersion, kind, name } = next;
    const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0] ?? ''}` : '';
    const found = await unlessForbidden(async () =>
      readSome<WorkloadObject>(kubectl, ['get', `${kind.toLowerCase()}${group}/${name}`, '--namespace', namespace]),
    );
    const object = found?.[0];
    owners.push({ apiVersion, kind, name, object });
    next = object === undefined ? undefined : controllerOf(object.metadata);
  }
  return owners;
}
