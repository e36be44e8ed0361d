import { codedError, isCodedError } from '../errors.ts';
import { readApiResources } from './apiResources.ts';
import { certificateSecretOf, readChart, render, webhooksOf, type ChartFacts, type WebhookService } from './chart.ts';
import { checkExistingSecret, readOwnSecret } from './certificates.ts';
import { readNamespace, readTargets, unlessForbidden } from './facts.ts';
import { finding, type Finding } from './findings.ts';
import type { GivenValues, WaitStrategy } from './helmFlags.ts';
import type { ManifestObject } from './objects.ts';
import { judge, rightsOnly, versionFindings } from './preflight.ts';
import { currentRevision, isPending, readHistory, readValues, type ReleaseHistory } from './release.ts';
import { escalationRights, refusedRights, rightsFor, storageRights, type Right } from './rights.ts';
import type { Tools } from './tools.ts';
import { coalesce, fieldsOf, intentOf, mergeValues, type Intent, type Values, type ValuesMode } from './values.ts';

export interface Wish {
  readonly release: string;
  readonly chart: string;
  readonly given: GivenValues;
  readonly valuesMode: ValuesMode;
  /** `upgrade`: a release must be there. */
  readonly mustExist: boolean;
}

/** All that is known before anything is changed. */
export interface Plan {
  readonly chart: ChartFacts;
  readonly history: ReleaseHistory | undefined;
  /** Values of the running revision. */
  readonly before: Values | undefined;
  /** To be installed, without certificates of ours. */
  readonly values: Values;
  readonly intent: Intent;
  readonly service: WebhookService;
  /** The certificate Secret that the release has, by key. */
  readonly secret: Readonly<Record<string, string>> | undefined;
  readonly strategy: WaitStrategy;
  readonly namespaceExists: boolean;
}

export interface Look {
  readonly findings: readonly Finding[];
  /** Absent when the findings leave nothing to go on with. */
  readonly plan?: Plan;
}

/**
 * Looks at the cluster, the release and the values; changes nothing.
 * @throws NOT_FOUND for an upgrade of nothing, and as helm and kubectl
 */
export async function look(tools: Tools, wish: Wish, now: Date): Promise<Look> {
  const { helm, kubectl, versions } = tools;
  const tooOld = versionFindings(versions.minor, versions.kubernetes);
  if (tooOld.length > 0) return { findings: tooOld };
  const chart = await readChart(helm, wish.chart);
  const stored = await askRights(tools, storageRights(helm.namespace));
  const history = stored?.length === 0 || stored === undefined ? await readHistory(helm, wish.release) : undefined;
  if (stored !== undefined && stored.length > 0 && wish.mustExist) return { findings: rightsOnly(stored) };
  if (history === undefined && wish.mustExist) throw noRelease(wish.release, helm.namespace);
  if (history !== undefined && isPending(history)) return { findings: judge({ ...nothing, release: wish.release, namespace: helm.namespace, chart: chart.name, history }) };
  const merged = await mergeOrRefuse(tools, wish);
  if ('refusal' in merged) return { findings: [finding('values_rejected', 'the values', merged.refusal), ...rightsOnly(stored ?? [])] };
  const { values } = merged;
  const intent = intentOf(coalesce(chart.values, withMode(values)));
  const objects = await render(helm, { release: wish.release, chart: wish.chart, values: withoutCertificates(values), kubernetes: versions.kubernetes });
  if ('refusal' in objects) return { findings: [finding('values_rejected', 'the values', objects.refusal), ...rightsOnly(stored ?? [])] };
  const resources = await readApiResources(kubectl);
  const refused = await refusedFor(tools, [...storageRights(helm.namespace), ...rightsFor(objects, resources)]);
  const releaseNamespace = await readNamespace(kubectl, helm.namespace);
  const targets = await readTargets(kubectl, intent.targets);
  const findings = judge({ release: wish.release, namespace: helm.namespace, chart: chart.name, history, releaseNamespace, objects, resources, intent, refused, targets });
  const service = webhooksOf(objects).find((webhook) => webhook.service !== undefined)?.service;
  if (service === undefined) throw codedError('HELM_FAILED', 'the chart registers no webhook', { where: wish.chart, hint: 'Name the chart of packet-capture with --chart.' });
  const caBundle = String(fieldsOf(values['certs'])['caBundle'] ?? '');
  const secretFindings = intent.certsMode === 'existingSecret'
    ? ((await unlessForbidden(async () => checkExistingSecret(kubectl, intent.existingSecret, service, caBundle, now))) ?? [])
    : [];
  const plan: Plan = {
    chart, history, values, intent, service,
    before: history === undefined ? undefined : await readValues(helm, wish.release, currentRevision(history)),
    secret: history === undefined ? undefined : await unlessForbidden(async () => readOwnSecret(kubectl, wish.release, certificateSecretOf(objects))),
    strategy: refused?.some(({ need }) => need === 'watch') === true ? 'legacy' : 'watcher',
    namespaceExists: releaseNamespace !== undefined,
  };
  return { findings: [...findings, ...secretFindings], plan };
}

const nothing = { releaseNamespace: undefined, objects: [] as readonly ManifestObject[], resources: [], refused: [], targets: [], intent: intentOf({}) };

function noRelease(release: string, namespace: string): Error {
  const hint = 'Make it with `packet-capture install`, or check --release and --namespace.';
  return codedError('NOT_FOUND', 'there is no such release', { where: `release ${release} in namespace ${namespace}`, hint });
}

async function mergeOrRefuse({ helm }: Tools, { release, given, valuesMode }: Wish): Promise<{ readonly values: Values } | { readonly refusal: string }> {
  try {
    return { values: await mergeValues(helm, release, given, valuesMode) };
  } catch (error) {
    if (!isCodedError(error) || error.code !== 'HELM_FAILED') throw error;
    return { refusal: error.message };
  }
}

/** Certificates are baked in unless the values name another mode. */
export function withMode(values: Values): Values {
  const certs = fieldsOf(values['certs']);
  return { ...values, certs: { ...certs, mode: certs['mode'] ?? 'baked' } };
}

/** What can be rendered before there are certificates: the names that they are made for are known afterwards. */
function withoutCertificates(values: Values): Values {
  const { caBundle: _bundle, certificate: _certificate, key: _key, next: _next, ...certs } = fieldsOf(values['certs']);
  const ours = (certs['mode'] ?? 'baked') === 'baked';
  return ours ? { ...values, certs: { ...certs, mode: 'generated' } } : values;
}

/** Undefined when the cluster does not answer the question. */
async function askRights({ kubectl }: Tools, rights: readonly Right[]): Promise<readonly Right[] | undefined> {
  return unlessForbidden(async () => refusedRights(kubectl, rights));
}

/** What is refused; what Roles grant counts only where it may not be granted by escalation either. */
async function refusedFor(tools: Tools, rights: readonly Right[]): Promise<readonly Right[] | undefined> {
  const refused = await askRights(tools, rights);
  if (refused === undefined || !refused.some(({ need }) => need === 'grant')) return refused;
  const escalations = escalationRights(refused);
  const noEscalation = new Set((await askRights(tools, escalations))?.map(({ namespace }) => namespace));
  return refused.filter(({ need, namespace }) => need !== 'grant' || noEscalation.has(namespace));
}
