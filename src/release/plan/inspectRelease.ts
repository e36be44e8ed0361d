import { codedError } from '../../errors.ts';
import { unlessForbidden } from '../../kubernetes/reading.ts';
import { askRights } from '../../kubernetes/rights.ts';
import { isHelmRefusal } from '../helm/helmError.ts';
import type { GivenValues, WaitStrategy } from '../helm/helmFlags.ts';
import { currentRevision, isPending, readHistory, readValues, type ReleaseHistory } from '../helm/release.ts';
import {
  coalesce,
  fieldsOf,
  intentOf,
  mergeValues,
  wayOf,
  withMode,
  withoutFormerMaterial,
  type Intent,
  type Values,
  type ValuesMode,
} from '../helm/releaseValues.ts';
import {
  certificateSecretOf,
  readChart,
  render,
  serviceOf,
  type ChartFacts,
  type WebhookService,
} from '../helm/renderedChart.ts';
import type { ManifestObject } from '../helm/renderedObjects.ts';
import type { Tools } from '../helm/tools.ts';
import { readApiResources } from './apiResources.ts';
import { checkExistingSecret, readOwnSecret } from './certificates.ts';
import { readNamespace, readTargets, type TargetFacts } from './clusterFacts.ts';
import { imageFindings, withStandIn } from './imageFindings.ts';
import { refusedFor, rightsFor, storageRights, waitingRights } from './installerRights.ts';
import { judge, releaseFindings, rightsOnly, versionFindings } from './preflight.ts';
import { finding, type Finding } from './preflightFindings.ts';

/** What the user asks for. `chart` is a folder; `release` and the namespace name the release. */
export interface ReleaseRequest {
  readonly release: string;
  readonly chart: string;
  readonly given: GivenValues;
  readonly valuesMode: ValuesMode;
  /** With `upgrade`, the release must exist. */
  readonly mustExist: boolean;
}

/** Everything that is read before anything is changed. */
export interface Plan extends Release {
  readonly values: Values;
  readonly intent: Intent;
  readonly service: WebhookService;
  /** The release's certificate Secret, by key. */
  readonly secret: Readonly<Record<string, string>> | undefined;
  readonly strategy: WaitStrategy;
  readonly namespaceExists: boolean;
  readonly targets: readonly TargetFacts[];
}

/** What was found before anything is changed. */
export interface ReleaseInspection {
  readonly findings: readonly Finding[];
  /** Absent when the findings prevent the rest of the inspection. */
  readonly plan?: Plan;
}

/** The running release. */
interface Release {
  readonly chart: ChartFacts;
  readonly history: ReleaseHistory | undefined;
  /** The values of the running revision. */
  readonly before: Values | undefined;
}

/** The wanted release, rendered. */
interface Rendered {
  /** The values to install, without certificates of ours. */
  readonly values: Values;
  readonly intent: Intent;
  readonly objects: readonly ManifestObject[];
  readonly findings: readonly Finding[];
}

/**
 * Reads the cluster, the release and the values; changes nothing.
 * @throws NOT_FOUND for an upgrade without a release, and as helm and kubectl
 */
export async function inspectRelease(tools: Tools, request: ReleaseRequest, now: Date): Promise<ReleaseInspection> {
  const tooOld = versionFindings(tools.versions.minor, tools.versions.kubernetes);
  if (tooOld.length > 0) return { findings: tooOld };
  const release = await inspectPresent(tools, request);
  if ('findings' in release) return release;
  const rendered = await renderRequest(tools, request, release);
  if ('refusal' in rendered)
    return { findings: [finding('values_rejected', 'the values', rendered.refusal), ...release.rights] };
  return inspectCluster(tools, request, release, rendered, now);
}

/** Stops at a release of another chart, or at one that helm refuses to change. */
async function inspectPresent(
  { helm, kubectl }: Tools,
  request: ReleaseRequest,
): Promise<ReleaseInspection | (Release & { readonly rights: readonly Finding[] })> {
  const chart = await readChart(helm, request.chart);
  const rights = rightsOnly(
    (await askRights(kubectl, storageRights(helm.namespace, process.env['HELM_DRIVER']))) ?? [],
  );
  // Without these rights it is not known whether there is a release; for an install the inspection can continue.
  if (rights.length > 0)
    return request.mustExist ? { findings: rights } : { chart, history: undefined, before: undefined, rights };
  const history = await readHistory(helm, request.release);
  const where = `release ${request.release} in namespace ${helm.namespace}`;
  if (history === undefined) {
    if (!request.mustExist) return { chart, history, before: undefined, rights };
    const hint = 'Create it with `packet-capture install`, or check --release and --namespace.';
    throw codedError('NOT_FOUND', 'the release does not exist', { where, hint });
  }
  if (isPending(history)) return { findings: releaseFindings(history, where, chart.name) };
  return { chart, history, before: await readValues(helm, request.release, currentRevision(history)), rights };
}

async function renderRequest(
  { helm, versions }: Tools,
  { release, chart, given, valuesMode }: ReleaseRequest,
  { before, chart: { values: defaults } }: Release,
): Promise<Rendered | { readonly refusal: string }> {
  try {
    const merged = await mergeValues(helm, release, given, valuesMode);
    const way = wayOf(coalesce(defaults, merged));
    const values = withoutFormerMaterial(merged, before, way);
    const findings = imageFindings(coalesce(defaults, values));
    const rendered = withoutCertificates(findings.length === 0 ? values : withStandIn(values));
    const objects = await render(helm, { release, chart, values: rendered, kubernetes: versions.kubernetes });
    return { values, objects, findings, intent: intentOf(coalesce(defaults, withMode(values, way))) };
  } catch (error) {
    if (!isHelmRefusal(error)) throw error;
    return { refusal: error.message };
  }
}

/** Renders the chart without certificates: this gives the names for which they are made. */
function withoutCertificates(values: Values): Values {
  const { caBundle: _bundle, certificate: _certificate, key: _key, next: _next, ...certs } = fieldsOf(values['certs']);
  const ours = (certs['mode'] ?? 'baked') === 'baked';
  return ours ? { ...values, certs: { ...certs, mode: 'generated' } } : values;
}

async function inspectCluster(
  { helm, kubectl }: Tools,
  request: ReleaseRequest,
  { chart, history, before }: Release,
  rendered: Rendered,
  now: Date,
): Promise<ReleaseInspection> {
  const { values, intent, objects } = rendered;
  const { namespace } = helm;
  const service = serviceOf(objects);
  if (service === undefined)
    throw codedError('HELM_FAILED', 'the chart registers no webhook and no policy', {
      where: request.chart,
      hint: 'Name the chart of packet-capture with --chart.',
    });
  const resources = await readApiResources(kubectl);
  const [refused, releaseNamespace, objectsNamespace, targets, secretFindings, secret] = await Promise.all([
    refusedFor(kubectl, [
      ...storageRights(namespace, process.env['HELM_DRIVER']),
      ...(intent.way === 'webhook' ? waitingRights(service.namespace) : []),
      ...rightsFor(objects, resources),
    ]),
    readNamespace(kubectl, namespace),
    readNamespace(kubectl, service.namespace),
    readTargets(kubectl, intent.targets),
    inspectSecret(kubectl, rendered, service, now),
    history === undefined
      ? undefined
      : unlessForbidden(async () => readOwnSecret(kubectl, request.release, certificateSecretOf(objects))),
  ]);
  const running = before === undefined ? {} : { wayBefore: wayOf(coalesce(chart.values, before)) };
  const facts = {
    ...running,
    release: request.release,
    namespace,
    chart: chart.name,
    history,
    releaseNamespace,
    objectsNamespace,
    service,
    objects,
    resources,
    intent,
    refused,
    targets,
  };
  const strategy = refused?.some(({ need }) => need === 'watch') === true ? 'legacy' : 'watcher';
  return {
    findings: [...rendered.findings, ...judge(facts), ...secretFindings],
    plan: {
      chart,
      history,
      before,
      values,
      intent,
      service,
      secret,
      strategy,
      namespaceExists: releaseNamespace !== undefined,
      targets,
    },
  };
}

async function inspectSecret(
  kubectl: Tools['kubectl'],
  { intent, values }: Rendered,
  service: WebhookService,
  now: Date,
): Promise<Finding[]> {
  if (intent.certsMode !== 'existingSecret') return [];
  const { caBundle } = fieldsOf(values['certs']);
  const bundle = typeof caBundle === 'string' ? caBundle : '';
  return (
    (await unlessForbidden(async () => checkExistingSecret(kubectl, intent.existingSecret, service, bundle, now))) ?? []
  );
}
