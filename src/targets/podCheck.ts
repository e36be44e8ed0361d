import { setTimeout as sleep } from 'node:timers/promises';
import { dryRunPods, type PodDryRun } from '../cluster/dryRun/index.ts';
import type { WorkloadObject } from '../cluster/kubernetes.ts';
import { problemOf, type PodProblem } from '../cluster/podCheck.ts';
import { podSecurityLevel } from '../cluster/podSecurity.ts';
import { restartOf } from '../cluster/strategy.ts';
import { codedError, isCodedError } from '../errors.ts';
import { planInjection, withAddition } from '../inject/index.ts';
import { injectAnnotation } from '../settings/index.ts';
import type { AssumedLevel, PodTemplate, SidecarConfig } from '../sidecar/index.ts';
import type { ApiClient } from './apiClient.ts';
import { apiKubectl } from './apiKubectl.ts';
import type { Planned } from './change.ts';
import { targetName, targetPath, type TargetObject } from './object.ts';
import { optInValue } from './optedIn.ts';
import type { Report } from './report.ts';

export interface PodCheckOptions {
  readonly api: ApiClient;
  /** The annotation by which the release injects. */
  readonly annotation: string;
  /** What the release injects; undefined: its injectors alone know. */
  readonly config: SidecarConfig | undefined;
  /** What namespaces without a Pod Security label enforce. */
  readonly podSecurity: AssumedLevel;
  /** How long injectors may take to have a changed configuration: the kubelet brings it within a minute. */
  readonly timeoutSeconds: number;
  readonly report: Report;
}

const pauseMs = 2000;

/**
 * Asks for the pods of a workload before it is opted in, as its new pod template would make them, and without the
 * sidecar: first with the sidecar of the configuration, then through the release's own injectors.
 * @returns the plan as it is; or the reason why it is not carried out: the API server refuses the pods with the sidecar,
 * or all of them, so that the workload would lose those that run
 */
export async function checkPods(options: PodCheckOptions, planned: Planned): Promise<Planned> {
  const { object } = planned;
  if (object.kind === 'Namespace' || !('plan' in planned) || planned.plan.patch === undefined) return planned;
  try {
    const problem = await findProblem(options, object);
    if (problem === undefined) return planned;
    return { object, error: codedError(problem.code, `it is not opted in: ${problem.what}. ${problem.remedy}`) };
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return { object, error };
  }
}

async function findProblem(options: PodCheckOptions, object: TargetObject): Promise<PodProblem | undefined> {
  const { api, annotation, timeoutSeconds, report } = options;
  const { namespace, kind } = object;
  const workload = (await read(api, object)) as WorkloadObject & { readonly spec?: { readonly template?: PodTemplate } };
  const template = workload.spec?.template ?? {};
  const marked = (key: string, value: string): PodTemplate => ({
    ...template,
    metadata: { ...template.metadata, annotations: { ...template.metadata?.annotations, [key]: value } },
  });
  const asking = marked(annotation, optInValue(kind));
  const pods: PodDryRun = { kubectl: apiKubectl(api), namespace, object: workload, with: asking, without: marked(injectAnnotation, 'false') };
  const { rollout } = restartOf(workload);
  const judge = async (asked: PodDryRun): Promise<PodProblem | undefined> => {
    const verdict = await dryRunPods(asked);
    if (verdict.outcome === 'unknown') report({ event: 'pods_unknown', object: targetName(object), reason: verdict.why });
    return problemOf(verdict, rollout);
  };
  const carrying = await injected(options, asking, namespace);
  const lasting = carrying === undefined ? undefined : await judge({ ...pods, with: carrying });
  if (lasting !== undefined) return lasting;
  const deadline = performance.now() + timeoutSeconds * 1000;
  for (;;) {
    const problem = await judge({ ...pods, injected: carrying });
    if (problem === undefined || carrying === undefined || performance.now() > deadline) return problem;
    // Its injectors still have the configuration of before.
    report({ event: 'waiting_for_configuration', object: targetName(object), reason: problem.what });
    await sleep(pauseMs);
  }
}

/** The template with what the release injects; undefined when it leaves such a pod alone. */
async function injected({ api, config, podSecurity: assumed }: PodCheckOptions, template: PodTemplate, namespace: string): Promise<PodTemplate | undefined> {
  if (config === undefined) return undefined;
  const { metadata } = (await read(api, { kind: 'Namespace', namespace: '', name: namespace })) as Pick<WorkloadObject, 'metadata'>;
  const podSecurity = podSecurityLevel(metadata.labels, assumed);
  const plan = planInjection(template, { config, settings: {}, podSecurity, namespace, atAdmission: true });
  return plan.inject ? withAddition(template, plan.addition) : undefined;
}

async function read(api: ApiClient, object: TargetObject): Promise<unknown> {
  return (await api({ method: 'GET', path: targetPath(object), what: `get ${targetName(object)}` })).body;
}
