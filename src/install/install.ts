import { codedError, isCodedError } from '../errors.ts';
import { apply, rehearse, type Site } from './apply.ts';
import { imagesOf, inNamespace } from './chart.ts';
import { planCertificates, type CertificatePlan } from './certificates.ts';
import { changesBetween, countChanges, type ObjectChange } from './diff.ts';
import { finding, formatFinding, hasErrors, type Finding } from './findings.ts';
import { reportEvidence } from './evidence.ts';
import { look, type Plan, type Wish } from './look.ts';
import { objectsOf, type ManifestObject } from './objects.ts';
import { proveInjection } from './proof.ts';
import { currentRevision, readHistory, readManifests, type ReleaseJson } from './release.ts';
import { finishRotation, isRotating, rotationTexts } from './rotation.ts';
import { step, type Report } from './step.ts';
import { summarise, type InstallResult } from './summary.ts';
import { takeBack } from './takeBack.ts';
import { readTargetStates } from './targetsState.ts';
import { kubectlIn, openTools, type Connection, type Tools } from './tools.ts';
import { coalesce, intentOf, withMaterial, withMode, type Values } from './values.ts';

export interface InstallOptions extends Wish, Connection {
  readonly timeoutSeconds: number;
  readonly dryRun: boolean;
  /** Take the three steps of a rotation, or those that are left of one. */
  readonly rotate: boolean;
  /** Asks before anything is changed; the question is one sentence. */
  readonly confirm: (question: string) => Promise<boolean>;
  readonly report: Report;
  readonly now: () => Date;
}

/** The findings stopped it; nothing was changed. */
export interface Refused {
  readonly result: 'refused';
  readonly release: string;
  readonly namespace: string;
  readonly findings: readonly Finding[];
}

/** What is about to be stored. */
interface Rehearsal {
  readonly plan: Plan;
  readonly certificates: CertificatePlan;
  readonly values: Values;
  readonly json: ReleaseJson;
  readonly changes: readonly ObjectChange[];
  readonly findings: readonly Finding[];
}

/**
 * Installs or upgrades a release, in steps that are reported; see docs/install.md. On failure it says why and takes it
 * back.
 * @throws INSTALL_FAILED, INTERRUPTED, NOT_FOUND, USAGE, CERTIFICATE_INVALID, ROTATION_REFUSED and as helm and kubectl
 */
export async function installRelease(options: InstallOptions): Promise<InstallResult | Refused> {
  const { release, namespace, report, dryRun } = options;
  const tools = await step(report, 'tools', async () => openTools(options), ({ versions }) =>
    `helm ${versions.helm}, kubectl ${versions.kubectl}, Kubernetes ${versions.kubernetes}`);
  const { findings, plan } = await step(report, 'preflight', async () => look(tools, options, options.now()), ({ findings: found }) => countFindings(found));
  for (const found of findings) report(formatFinding(found));
  if (plan === undefined || hasErrors(findings)) return { result: 'refused', release, namespace, findings };
  const rehearsal = await rehearseInstall(tools, options, plan, findings);
  if ('result' in rehearsal) return rehearsal;
  if (dryRun) return resultOf(tools, options, rehearsal, 'dry-run', rehearsal.json, null);
  const verb = plan.history === undefined ? 'Install' : 'Upgrade';
  if (!(await options.confirm(`${verb} release ${release} in namespace ${namespace} (${countChanges(rehearsal.changes)})?`))) {
    throw codedError('INTERRUPTED', 'not confirmed', { hint: 'Nothing was changed.' });
  }
  const site = siteOf(tools, options, plan);
  return carryOut(tools, options, rehearsal, site);
}

async function rehearseInstall(tools: Tools, options: InstallOptions, plan: Plan, findings: readonly Finding[]): Promise<Rehearsal | Refused> {
  const { release, namespace, report } = options;
  const { before, secret, service, intent } = plan;
  const question = { values: plan.values, mode: intent.certsMode, before, secret, service, rotate: options.rotate, now: options.now() };
  const certificates = await step(report, 'certificates', async () => planCertificates(question), ({ text }) => text);
  const values = certificates.material === undefined ? withMode(plan.values) : withMaterial(plan.values, certificates.material);
  const all = [...findings, ...certificates.findings];
  for (const found of certificates.findings) report(formatFinding(found));
  if (hasErrors(all)) return { result: 'refused', release, namespace, findings: all };
  try {
    const { json, changes } = await step(report, 'rehearsal', async () => rehearseChanges(tools, siteOf(tools, options, plan), plan, values), (result) => countChanges(result.changes));
    return { plan, certificates, values, json, changes, findings: all };
  } catch (error) {
    if (!isCodedError(error) || error.code !== 'HELM_FAILED') throw error;
    const refused = finding('rehearsal_failed', `release ${release} in namespace ${namespace}`, error.message);
    report(formatFinding(refused));
    return { result: 'refused', release, namespace, findings: [...all, refused] };
  }
}

async function rehearseChanges(tools: Tools, site: Site, { history }: Plan, values: Values): Promise<Pick<Rehearsal, 'json' | 'changes'>> {
  const json = await rehearse(site, values);
  const running = history === undefined ? '' : await readManifests(tools.helm, site.release, currentRevision(history));
  const before = inNamespace(objectsOf(running), tools.helm.namespace);
  return { json, changes: changesBetween(before, releaseObjects(json, tools)) };
}

function releaseObjects({ manifest, hooks }: ReleaseJson, { helm }: Tools): ManifestObject[] {
  const text = [manifest, ...(hooks ?? []).map((hook) => hook.manifest)].join('\n---\n');
  return inNamespace(objectsOf(text), helm.namespace);
}

function siteOf({ helm, kubectl, afterwards }: Tools, options: InstallOptions, plan: Plan): Site {
  const { release, chart, timeoutSeconds, signal, report } = options;
  const { strategy, namespaceExists, service } = plan;
  const { name: prefix, namespace } = service;
  const objects = { kubectl: kubectlIn(kubectl, namespace), afterwards: kubectlIn(afterwards, namespace), namespace, prefix };
  return { ...objects, helm, release, chart, namespaceExists, strategy, timeoutSeconds, signal, report };
}

async function carryOut(tools: Tools, options: InstallOptions, rehearsal: Rehearsal, site: Site): Promise<InstallResult> {
  const { plan, values } = rehearsal;
  const { report, release, namespace, signal } = options;
  let { certificates } = rehearsal;
  const { injector: image } = imagesOf(releaseObjects(rehearsal.json, tools));
  try {
    if (certificates.step !== undefined) report(`rotation, ${rotationTexts[certificates.step]}`);
    let json = await step(report, plan.history === undefined ? 'install' : 'upgrade', async () => apply(site, values), ({ version }) => `revision ${version}`);
    const proven = await step(report, 'injection', async () => proveInjection(site.kubectl, { release, namespace: site.namespace, image }, signal), (works) =>
      works ? 'works: the API server was seen to inject' : 'not tried: you may not create pods there');
    if (certificates.material !== undefined && certificates.step !== undefined && certificates.step !== 'drop-old') {
      const begun = certificates.material;
      const finished = await orStop(site, async () => finishRotation(site, plan.values, begun, image, options.now));
      json = finished.release;
      certificates = { ...certificates, material: finished.material, text: 'exchanged for new ones' };
    } else if (certificates.action === 'keep' && certificates.material !== undefined && isRotating(certificates.material, options.now())) {
      report('note: a rotation of the certificates is not complete; `packet-capture upgrade --rotate-certs` goes on with it');
    }
    return await resultOf(tools, options, { ...rehearsal, certificates }, plan.history === undefined ? 'installed' : 'upgraded', json, proven);
  } catch (error) {
    if (!isCodedError(error) || error.code === 'INTERRUPTED' || error.code === 'INSTALL_FAILED') throw error;
    if (error.code === 'INJECTION_UNPROVEN') await reportEvidence({ kubectl: site.afterwards, release, prefix: site.prefix, before: new Set(), report });
    const hint = await takeBack(site, plan.history);
    throw codedError('INSTALL_FAILED', error.message, { where: `release ${release} in namespace ${namespace}`, hint, cause: error });
  }
}

/**
 * A rotation that fails goes back to its last good step alone: both CAs are trusted there, or all is new. What was
 * before the rotation may be trusted by nobody any more.
 * @throws INSTALL_FAILED, INTERRUPTED
 */
async function orStop<T>(site: Site, rotate: () => Promise<T>): Promise<T> {
  try {
    return await rotate();
  } catch (error) {
    if (!isCodedError(error) || error.code === 'INTERRUPTED') throw error;
    const back = await takeBack(site, await readHistory(site.helm, site.release));
    throw codedError('INSTALL_FAILED', `the rotation of the certificates stopped: ${error.message}`, {
      where: `release ${site.release} in namespace ${site.helm.namespace}`,
      hint: `${back} \`packet-capture upgrade --rotate-certs\` goes on from there.`,
      cause: error,
    });
  }
}

async function resultOf(
  tools: Tools, { release, namespace, now }: InstallOptions, { plan, certificates, values, changes, findings }: Rehearsal,
  result: InstallResult['result'], json: ReleaseJson, injectionProven: boolean | null,
): Promise<InstallResult> {
  const intent = intentOf(coalesce(plan.chart.values, values));
  const { kubernetes, kubectl, helm } = tools.versions;
  return {
    result, release, namespace,
    revision: json.version,
    chart: `${plan.chart.name} ${plan.chart.version}`,
    versions: { helm, kubectl, kubernetes },
    ...summarise({ objects: releaseObjects(json, tools), intent, plan: certificates, now: now() }),
    injectionProven,
    targets: await readTargetStates(tools.kubectl, intent),
    findings,
    ...(result === 'dry-run' ? { changes } : {}),
  };
}

function countFindings(findings: readonly Finding[]): string {
  const count = (severity: Finding['severity']): number => findings.filter((found) => found.severity === severity).length;
  if (findings.length === 0) return 'nothing stands in the way';
  return (['error', 'warning', 'note'] as const)
    .filter((severity) => count(severity) > 0)
    .map((severity) => `${count(severity)} ${severity}${count(severity) === 1 ? '' : 's'}`)
    .join(', ');
}
