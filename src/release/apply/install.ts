import { codedError } from '../../errors.ts';
import { countFindings, formatFinding, hasErrors } from '../../findings.ts';
import { unlessForbidden } from '../../kubernetes/reading.ts';
import { step } from '../../step.ts';
import type { ReleaseJson } from '../helm/release.ts';
import { coalesce, intentOf } from '../helm/releaseValues.ts';
import { sidecarConfigOf } from '../helm/renderedChart.ts';
import { openTools, type Tools } from '../helm/tools.ts';
import { inspectRelease } from '../plan/inspectRelease.ts';
import type { InstallOptions } from '../plan/installOptions.ts';
import { countChanges } from '../plan/objectChanges.ts';
import type { Finding } from '../plan/preflightFindings.ts';
import { dryRunInstall, releaseObjects, contextOf, type Refused, type PlannedInstall } from '../plan/releaseDryRun.ts';
import { forced, targetImageFindings } from '../plan/targetPods.ts';
import { summarise, type InstallResult } from '../report/installSummary.ts';
import { readTargetStates } from '../report/targetsState.ts';
import { applyAndProve } from './applyAndProve.ts';

/**
 * Installs or upgrades a release, in steps that are reported; see docs/install.md. On failure it reports the reason and
 * rolls back.
 * @throws INSTALL_FAILED, NOT_CONFIRMED, INTERRUPTED, NOT_FOUND, USAGE, CERTIFICATE_INVALID, ROTATION_REFUSED and as
 * helm and kubectl
 */
export async function installRelease(options: InstallOptions): Promise<InstallResult | Refused> {
  const { release, namespace, report, dryRun } = options;
  const tools = await step(
    report,
    'tools',
    async () => openTools(options),
    ({ versions }) => `helm ${versions.helm}, kubectl ${versions.kubectl}, Kubernetes ${versions.kubernetes}`,
  );
  const { findings, plan } = await step(
    report,
    'preflight',
    async () => inspectRelease(tools, options, options.now()),
    ({ findings: found }) => countFindings(found) || 'no problems found',
  );
  for (const line of findings.flatMap(formatFinding)) report(line);
  if (plan === undefined || hasErrors(findings)) return { result: 'refused', release, namespace, findings };
  const planned = await dryRunInstall(tools, options, plan, findings);
  if ('result' in planned) return planned;
  if (dryRun) return resultOf(tools, options, planned, 'dry-run', planned.json, null);
  const verb = plan.history === undefined ? 'Install' : 'Upgrade';
  if (
    !(await options.confirm(`${verb} release ${release} in namespace ${namespace} (${countChanges(planned.changes)})?`))
  ) {
    throw codedError('NOT_CONFIRMED', 'the answer was not yes');
  }
  const images = await imageFindings(tools, options, planned);
  if (hasErrors(images)) return { result: 'refused', release, namespace, findings: [...planned.findings, ...images] };
  const { json, certificates, proven } = await applyAndProve(tools, options, planned, contextOf(tools, options, plan));
  return resultOf(
    tools,
    options,
    { ...planned, certificates },
    plan.history === undefined ? 'installed' : 'upgraded',
    json,
    proven,
  );
}

/**
 * Tests whether the namespaces of the targets can pull the sidecar's image. This creates pods, so a dry run leaves it
 * out.
 */
async function imageFindings(
  tools: Tools,
  { report, signal, force }: InstallOptions,
  { plan, json }: PlannedInstall,
): Promise<Finding[]> {
  const { intent, targets } = plan;
  if (!intent.hooks || targets.length === 0) return [];
  const { kubectl, afterwards } = tools;
  const config = sidecarConfigOf(releaseObjects(json, tools));
  const judged = async (): Promise<Finding[]> =>
    targetImageFindings({ kubectl, afterwards, intent, targets, config, signal, report });
  const found = await step(report, 'image', judged, (findings) =>
    findings.length === 0 ? 'it starts in the namespace of each target' : countFindings(findings),
  );
  const findings = force ? found.map(forced) : found;
  for (const line of findings.flatMap(formatFinding)) report(line);
  return findings;
}

async function resultOf(
  tools: Tools,
  { release, namespace, now }: InstallOptions,
  { plan, certificates, values, changes, findings }: PlannedInstall,
  result: InstallResult['result'],
  json: ReleaseJson,
  injectionProven: boolean | null,
): Promise<InstallResult> {
  const intent = intentOf(coalesce(plan.chart.values, values));
  const { kubernetes, kubectl, helm } = tools.versions;
  return {
    result,
    release,
    namespace,
    revision: json.version,
    chart: `${plan.chart.name} ${plan.chart.version}`,
    versions: { helm, kubectl, kubernetes },
    ...summarise({ objects: releaseObjects(json, tools), intent, plan: certificates, now: now() }),
    injectionProven,
    targets: (await unlessForbidden(async () => readTargetStates(tools.kubectl, intent))) ?? [],
    findings,
    ...(result === 'dry-run' ? { changes } : {}),
  };
}
