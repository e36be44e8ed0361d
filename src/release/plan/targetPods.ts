import { imageProblem, imageRemedy } from '../../dryRun/imageCheck.ts';
import { tryImage } from '../../dryRun/imageTrial.ts';
import { dryRunPods, type PodVerdict } from '../../dryRun/index.ts';
import { refuserText } from '../../dryRun/podCheck.ts';
import {
  planInjection,
  podSecurityLevel,
  skipReasons,
  withAddition,
  type Addition,
  type InjectPlan,
} from '../../inject/index.ts';
import { objectName, templateAt, type WorkloadObject, type PodTemplate } from '../../kubernetes/api/types.ts';
import { restartOf } from '../../kubernetes/updateStrategy.ts';
import { injectAnnotation } from '../../settings/index.ts';
import { defaultSidecarConfig, type SidecarConfig } from '../../sidecar/index.ts';
import type { Intent } from '../helm/releaseValues.ts';
import type { Tools } from '../helm/tools.ts';
import type { TargetFacts } from './clusterFacts.ts';
import { finding, type Finding } from './preflightFindings.ts';

/** The targets whose pods are tested in dry runs. */
export interface TargetPods {
  readonly kubectl: Tools['kubectl'];
  readonly intent: Intent;
  readonly targets: readonly TargetFacts[];
  /** The sidecar that the release will inject; undefined when it cannot be read. */
  readonly config: SidecarConfig | undefined;
}

/** The most workloads to test: each needs two to nine requests. */
const mostWorkloads = 100;

/**
 * Asks the API server in dry runs for the pods of each workload that will be opted in, with the sidecar that the
 * release will inject and without it. An error prevents the installation: a workload whose pods are
 * refused would lose its pods one after the other.
 * @throws as dryRunPods
 */
export async function targetPodFindings({ kubectl, intent, targets, config }: TargetPods): Promise<Finding[]> {
  if (config === undefined) return [];
  const workloads = targets.flatMap(({ namespace, workloads: objects = [] }) =>
    namespace === undefined || namespace.terminating ? [] : objects.map((object) => ({ object, namespace })),
  );
  const findings: Finding[] = [];
  for (const { object, namespace } of workloads.slice(0, mostWorkloads)) {
    findings.push(
      ...(await workloadFindings({
        kubectl,
        intent,
        config,
        object,
        namespace: namespace.name,
        labels: namespace.labels,
      })),
    );
  }
  const left = workloads.length - mostWorkloads;
  if (left > 0) findings.push(finding('target_pods_unknown', 'targets', `${left} more workloads were not tested`));
  return findings;
}

/** The other inputs of injection, next to the pod. */
interface Injected {
  readonly intent: Intent;
  readonly config: SidecarConfig;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface OneTarget extends Injected {
  readonly kubectl: Tools['kubectl'];
  readonly object: WorkloadObject;
}

async function workloadFindings({ kubectl, intent, config, object, namespace, labels }: OneTarget): Promise<Finding[]> {
  const where = `${objectName(object)} in ${namespace}`;
  const template = templateAt(object, ['spec', 'template']);
  const annotations = template.metadata?.annotations ?? {};
  // The preflight has its own findings for these.
  if (annotations[intent.annotation] === 'false' || podSecurityLevel(labels, intent.podSecurity) === 'restricted')
    return [];
  const plan = planFor(template, { intent, config, namespace, labels });
  if (!plan.inject) {
    const expected = plan.reason === 'already_injected' || plan.reason === 'opted_out';
    return expected ? [] : [finding('target_skipped', where, `${skipReasons[plan.reason]} (${plan.reason})`)];
  }
  const asking = { ...annotations, [intent.annotation]: 'true' };
  const verdict = await dryRunPods({
    kubectl,
    namespace,
    object,
    with: withAddition({ ...template, metadata: { ...template.metadata, annotations: asking } }, plan.addition),
    without: {
      ...template,
      metadata: { ...template.metadata, annotations: { ...annotations, [injectAnnotation]: 'false' } },
    },
  });
  return verdictFindings(verdict, where, restartOf(object).rollout && annotations[intent.annotation] !== 'true');
}

function planFor(template: PodTemplate, { intent, config, namespace, labels }: Injected): InjectPlan {
  return planInjection(template, {
    config,
    settings: {},
    podSecurity: podSecurityLevel(labels, intent.podSecurity),
    namespace,
    atAdmission: true,
  });
}

/**
 * The findings for a verdict on a workload's pods. Pure.
 * @param rollout whether the opt-in replaces running pods
 */
export function verdictFindings(verdict: PodVerdict, where: string, rollout: boolean): Finding[] {
  if (verdict.outcome === 'fits') return verdict.notes.map((note) => finding('target_pods_noted', where, note));
  if (verdict.outcome === 'unknown') return [finding('target_pods_unknown', where, verdict.why)];
  const { refusal } = verdict;
  const words = `${refuserText(refusal)}: ${refusal.words}`;
  if (verdict.outcome === 'refused_anyway') {
    const what = `no pod can be created now, with or without the sidecar: ${words}`;
    return [finding(rollout ? 'target_pods_refused_anyway' : 'target_pods_noted', where, what)];
  }
  const { podSecurity, text } = verdict.remedy;
  const isNamed = podSecurity !== 'baseline' || text.includes('injection.podSecurity');
  const hint = isNamed ? text : `Set injection.podSecurity to baseline. ${text}`;
  return [finding('target_pods_refused', where, `its pods would be refused with the sidecar, by ${words}`, hint)];
}

/** Turns an error into a warning, for `--force`. Pure. */
export function forced(found: Finding): Finding {
  return found.level === 'error' ? { ...found, level: 'warning', hint: 'It is done anyway (--force).' } : found;
}

/**
 * The targets in which the image is started. `afterwards` works after Ctrl-C too, so that the pods are always deleted.
 */
export interface TargetImages extends TargetPods {
  readonly afterwards: Tools['afterwards'];
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}

/**
 * Starts the agent's image in a short-lived pod in the namespace of each target, like a pod of its first workload.
 * @throws as tryImage
 */
export async function targetImageFindings(options: TargetImages): Promise<Finding[]> {
  const { intent, targets, config, kubectl, afterwards, signal, report } = options;
  if (config?.form !== 'agent') return [];
  const findings: Finding[] = [];
  for (const { namespace, workloads = [] } of targets) {
    const injected =
      namespace === undefined
        ? undefined
        : injectedLike(workloads, { intent, config, namespace: namespace.name, labels: namespace.labels });
    if (namespace === undefined || injected === undefined) continue;
    const { like, addition } = injected;
    const [container] = addition.initContainers;
    if (container === undefined) continue;
    const { image = '' } = container;
    const where = `target namespace ${namespace.name}`;
    const trial = await tryImage({
      kubectl,
      afterwards,
      namespace: namespace.name,
      container,
      pullSecrets: addition.imagePullSecrets,
      like,
      signal,
      report,
    });
    if (trial.outcome === 'fails')
      findings.push(finding('target_image_unusable', where, imageProblem(image, namespace.name, trial), imageRemedy));
    if (trial.outcome === 'unknown') findings.push(finding('target_image_unknown', where, trial.why));
  }
  return findings;
}

/** The pod template of a workload in the target; without a workload, an empty one. */
function injectedLike(
  workloads: readonly WorkloadObject[],
  injected: Injected,
): { readonly like: PodTemplate; readonly addition: Addition } | undefined {
  const plain: PodTemplate = { spec: { containers: [{ name: 'app', image: defaultSidecarConfig.agent.image }] } };
  const templates = [...workloads.map((object) => templateAt(object, ['spec', 'template'])), plain];
  for (const like of templates) {
    const plan = planFor(like, injected);
    if (plan.inject) return { like, addition: plan.addition };
  }
  return undefined;
}
