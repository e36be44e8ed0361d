import { countFindings, formatFinding, hasErrors } from '../../findings.ts';
import { step } from '../../step.ts';
import { isHelmRefusal } from '../helm/helmError.ts';
import { dryRunUpgrade, type ReleaseContext } from '../helm/helmUpgrade.ts';
import { currentRevision, readManifests, type ReleaseJson } from '../helm/release.ts';
import { withForcedHooks, withMaterial, withMode, type Values } from '../helm/releaseValues.ts';
import { inNamespace, sidecarConfigOf } from '../helm/renderedChart.ts';
import { objectsOf, type ManifestObject } from '../helm/renderedObjects.ts';
import { kubectlIn, type Tools } from '../helm/tools.ts';
import { planCertificates, type CertificatePlan } from './certificates.ts';
import type { Plan } from './inspectRelease.ts';
import type { InstallOptions } from './installOptions.ts';
import { changesBetween, countChanges, type ObjectChange } from './objectChanges.ts';
import { finding, type Finding } from './preflightFindings.ts';
import { forced, targetPodFindings } from './targetPods.ts';

/** Findings stopped it; nothing was changed. */
export interface Refused {
  readonly result: 'refused';
  readonly release: string;
  readonly namespace: string;
  readonly findings: readonly Finding[];
}

/** The release that will be stored. */
export interface PlannedInstall {
  readonly plan: Plan;
  readonly certificates: CertificatePlan;
  readonly values: Values;
  readonly json: ReleaseJson;
  readonly changes: readonly ObjectChange[];
  readonly findings: readonly Finding[];
}

/**
 * Decides on the certificates, and lets the API server check the release in a dry run.
 * @throws USAGE, CERTIFICATE_INVALID, ROTATION_REFUSED and as helm and kubectl
 */
export async function dryRunInstall(
  tools: Tools,
  options: InstallOptions,
  plan: Plan,
  findings: readonly Finding[],
): Promise<PlannedInstall | Refused> {
  const { release, namespace, report } = options;
  const { before, secret, service, intent } = plan;
  const question = {
    values: plan.values,
    mode: intent.certsMode,
    before,
    secret,
    service,
    rotate: options.rotate,
    now: options.now(),
  };
  const certificates = await step(
    report,
    'certificates',
    async () => planCertificates(question),
    ({ text }) => text,
  );
  const certain =
    certificates.material === undefined
      ? withMode(plan.values, intent.way)
      : withMaterial(plan.values, certificates.material);
  const values = options.force ? withForcedHooks(certain) : certain;
  const all = [...findings, ...certificates.findings];
  for (const line of certificates.findings.flatMap(formatFinding)) report(line);
  if (hasErrors(all)) return { result: 'refused', release, namespace, findings: all };
  try {
    const { json, changes } = await step(
      report,
      'dry run',
      async () => dryRunChanges(tools, contextOf(tools, options, plan), plan, values),
      (result) => countChanges(result.changes),
    );
    const pods = await targetFindings(tools, options, plan, releaseObjects(json, tools));
    if (hasErrors(pods)) return { result: 'refused', release, namespace, findings: [...all, ...pods] };
    return { plan, certificates, values, json, changes, findings: [...all, ...pods] };
  } catch (error) {
    if (!isHelmRefusal(error)) throw error;
    const refused = finding('dry_run_failed', `release ${release} in namespace ${namespace}`, error.message);
    for (const line of formatFinding(refused)) report(line);
    return { result: 'refused', release, namespace, findings: [...all, refused] };
  }
}

/** Dry runs for the pods of the workloads that the hook will opt in. */
async function targetFindings(
  { kubectl }: Tools,
  { report, force }: InstallOptions,
  { intent, targets }: Plan,
  objects: readonly ManifestObject[],
): Promise<Finding[]> {
  if (!intent.hooks || targets.every(({ workloads = [] }) => workloads.length === 0)) return [];
  const config = sidecarConfigOf(objects);
  const judged = async (): Promise<Finding[]> => targetPodFindings({ kubectl, intent, targets, config });
  const found = await step(report, 'targets', judged, (findings) =>
    findings.length === 0 ? 'their pods can be created with the sidecar' : countFindings(findings),
  );
  const findings = force ? found.map(forced) : found;
  for (const line of findings.flatMap(formatFinding)) report(line);
  return findings;
}

async function dryRunChanges(
  tools: Tools,
  context: ReleaseContext,
  { history }: Plan,
  values: Values,
): Promise<Pick<PlannedInstall, 'json' | 'changes'>> {
  const json = await dryRunUpgrade(context, values);
  const running =
    history === undefined ? '' : await readManifests(tools.helm, context.release, currentRevision(history));
  const before = inNamespace(objectsOf(running), tools.helm.namespace);
  return { json, changes: changesBetween(before, releaseObjects(json, tools)) };
}

/** All objects of a release, including those of its hooks. */
export function releaseObjects({ manifest, hooks }: ReleaseJson, { helm }: Tools): ManifestObject[] {
  const text = [manifest, ...(hooks ?? []).map((hook) => hook.manifest)].join('\n---\n');
  return inNamespace(objectsOf(text), helm.namespace);
}

/** What the steps of an install need, from the options and what was read. */
export function contextOf({ helm, kubectl, afterwards }: Tools, options: InstallOptions, plan: Plan): ReleaseContext {
  const { release, chart, timeoutSeconds, signal, report } = options;
  const { strategy, namespaceExists, service } = plan;
  const { name: prefix, namespace } = service;
  const objects = {
    kubectl: kubectlIn(kubectl, namespace),
    afterwards: kubectlIn(afterwards, namespace),
    namespace,
    prefix,
  };
  return {
    ...objects,
    helm,
    release,
    chart,
    namespaceExists,
    strategy,
    timeoutSeconds,
    signal,
    report,
    demands: plan.intent.demands,
  };
}
