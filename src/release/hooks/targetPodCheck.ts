import { setTimeout as sleep } from 'node:timers/promises';
import { agentContainer } from '../../dryRun/imageCheck.ts';
import { dryRunPods, type PodDryRun } from '../../dryRun/index.ts';
import { problemOf, type PodProblem } from '../../dryRun/podCheck.ts';
import { codedError, isCodedError } from '../../errors.ts';
import {
  planInjection,
  podSecurityLevel,
  skipReasons,
  withAddition,
  type Addition,
  type InjectPlan,
} from '../../inject/index.ts';
import type { WorkloadObject, Container, PodTemplate } from '../../kubernetes/api/types.ts';
import { restartOf } from '../../kubernetes/updateStrategy.ts';
import { injectAnnotation } from '../../settings/index.ts';
import type { AssumedLevel, SidecarConfig } from '../../sidecar/index.ts';
import type { ApiClient } from './apiClient.ts';
import { apiKubectl } from './apiKubectl.ts';
import type { Planned } from './changeObjects.ts';
import type { Report } from './hookReport.ts';
import type { TryTargetImage } from './imageTrials.ts';
import { optInValue } from './ownership.ts';
import { targetName, targetPath, type TargetObject } from './targetObject.ts';

/** How the pods of targets are checked before their workloads are opted in. */
export interface PodCheckOptions {
  readonly api: ApiClient;
  /** The annotation by which the release injects. */
  readonly annotation: string;
  /** The sidecar of the release; undefined when only its injectors know it. */
  readonly config: SidecarConfig | undefined;
  /** The level of namespaces without a Pod Security label. */
  readonly podSecurity: AssumedLevel;
  /** The time for injectors to get a changed configuration: the kubelet writes it within a minute. */
  readonly timeoutSeconds: number;
  /** When all waits end, by `performance.now()`. Default: never. */
  readonly waitEndMs?: number | undefined;
  /** Tests the agent's image where the pods run; undefined: no test. */
  readonly tryImage?: TryTargetImage | undefined;
  readonly report: Report;
}

const pauseMs = 2000;

/**
 * Asks for the pods of a workload in a dry run before it is opted in, as its new pod template would make them, and
 * without the sidecar: first with the sidecar of the configuration, then through the release's own injectors.
 * @returns the unchanged plan, or the reason against it: the API server refuses the pods with the sidecar, or refuses
 * all pods, so that the workload would lose its running pods
 */
export async function checkPods(options: PodCheckOptions, planned: Planned): Promise<Planned> {
  const { object } = planned;
  if (object.kind === 'Namespace' || !('plan' in planned) || planned.plan.patch === undefined) return planned;
  try {
    const problem = await findProblem(options, object, changesTemplate(planned.plan.patch));
    if (problem === undefined) return planned;
    return { object, error: codedError(problem.code, `it is not opted in: ${problem.what}. ${problem.remedy}`) };
  } catch (error) {
    if (!isCodedError(error) || error.code === 'INTERRUPTED') throw error;
    return { object, error };
  }
}

/** Whether the plan changes the pod template: a second release only adds its entry to the workload's metadata. */
function changesTemplate(patch: object): boolean {
  return 'spec' in patch;
}

async function findProblem(
  options: PodCheckOptions,
  object: TargetObject,
  newTemplate: boolean,
): Promise<PodProblem | undefined> {
  const { api, annotation, report } = options;
  const { namespace, kind } = object;
  const workload = (await read(api, object)) as WorkloadObject & {
    readonly spec?: { readonly template?: PodTemplate };
  };
  const template = workload.spec?.template ?? {};
  const marked = (key: string, value: string): PodTemplate => ({
    ...template,
    metadata: { ...template.metadata, annotations: { ...template.metadata?.annotations, [key]: value } },
  });
  const asking = marked(annotation, optInValue(kind));
  const pods: PodDryRun = {
    kubectl: apiKubectl(api),
    namespace,
    object: workload,
    with: asking,
    without: marked(injectAnnotation, 'false'),
  };
  const { rollout } = restartOf(workload);
  const judge = async (asked: PodDryRun): Promise<Judged> => {
    const verdict = await dryRunPods(asked);
    if (verdict.outcome === 'unknown')
      report({ event: 'pods_unknown', object: targetName(object), reason: verdict.why });
    return { problem: problemOf(verdict, rollout), pod: verdict.outcome === 'fits' ? verdict.pod : undefined };
  };
  const plan = await planOf(options, asking, namespace);
  if (plan?.inject === false)
    return plan.reason === 'pod_security_restricted' ? restricted : (await judge(pods)).problem;
  if (plan === undefined) return (await judge(pods)).problem;
  const carrying = withAddition(asking, plan.addition);
  const { problem: lasting } = await judge({ ...pods, with: carrying });
  if (lasting !== undefined) return lasting;
  const { problem, pod } = await throughInjectors(options, object, plan.addition, async () =>
    judge({ ...pods, injected: carrying }),
  );
  return problem ?? (newTemplate && rollout ? imageProblemOf(options, object, carrying, pod) : undefined);
}

interface Judged {
  readonly problem: PodProblem | undefined;
  readonly pod: PodTemplate | undefined;
}

/** Repeats the dry run while injectors still have the old configuration, until the kubelet has written the new one. */
async function throughInjectors(
  options: PodCheckOptions,
  object: TargetObject,
  addition: Addition,
  judge: () => Promise<Judged>,
): Promise<Judged> {
  const { timeoutSeconds, waitEndMs = Infinity, report } = options;
  const deadline = Math.min(performance.now() + timeoutSeconds * 1000, waitEndMs);
  for (;;) {
    const judged = await judge();
    const reason = judged.problem?.what ?? otherImage(judged.pod, addition);
    if (reason === undefined || performance.now() > deadline) return judged;
    report({ event: 'waiting_for_configuration', object: targetName(object), reason });
    await sleep(pauseMs);
  }
}

/** Why the agent's image does not start where the pods would run. A custom sidecar is not tested, as in `patch`. */
async function imageProblemOf(
  { config, tryImage }: PodCheckOptions,
  object: TargetObject,
  carrying: PodTemplate,
  made: PodTemplate | undefined,
): Promise<PodProblem | undefined> {
  const tried = config?.form === 'agent' ? triedPod(carrying, made) : undefined;
  return tried === undefined
    ? undefined
    : tryImage?.({ object: targetName(object), namespace: object.namespace, ...tried });
}

/**
 * What the image is tested with: the container and the pull secrets of the pod of the dry run, and the placement of the
 * template, because the pod of a DaemonSet's dry run names a node. Undefined without our agent.
 */
function triedPod(
  carrying: PodTemplate,
  made: PodTemplate = carrying,
): { readonly container: Container; readonly like: PodTemplate } | undefined {
  const container = agentContainer(made) ?? agentContainer(carrying);
  if (container === undefined) return undefined;
  const { imagePullSecrets = [], nodeSelector, serviceAccountName } = made.spec ?? {};
  const admitted = {
    imagePullSecrets,
    ...(nodeSelector == null ? {} : { nodeSelector }),
    ...(serviceAccountName == null ? {} : { serviceAccountName }),
  };
  return { container, like: { spec: { ...carrying.spec, ...admitted } } };
}

const restricted: PodProblem = {
  code: 'POD_SECURITY',
  what: skipReasons.pod_security_restricted,
  remedy: 'Its pods would be replaced without effect: remove it from targets, or relabel the namespace.',
};

/** A reason when an injector gave the pod another image than the configuration has; otherwise undefined. */
function otherImage(pod: PodTemplate | undefined, { initContainers }: Addition): string | undefined {
  const [wanted] = initContainers;
  const present = pod?.spec?.initContainers?.find(({ name }) => name === wanted?.name);
  if (present === undefined || present.image === wanted?.image) return undefined;
  return `its injectors still use the image ${present.image ?? ''}`;
}

/** The plan of the release for a pod of the template; undefined when its configuration is not known. */
async function planOf(
  { api, config, podSecurity: assumed }: PodCheckOptions,
  template: PodTemplate,
  namespace: string,
): Promise<InjectPlan | undefined> {
  if (config === undefined) return undefined;
  const { metadata } = (await read(api, { kind: 'Namespace', namespace: '', name: namespace })) as Pick<
    WorkloadObject,
    'metadata'
  >;
  const podSecurity = podSecurityLevel(metadata.labels, assumed);
  return planInjection(template, { config, settings: {}, podSecurity, namespace, atAdmission: true });
}

async function read(api: ApiClient, object: TargetObject): Promise<unknown> {
  return (await api({ method: 'GET', path: targetPath(object), what: `get ${targetName(object)}` })).body;
}
