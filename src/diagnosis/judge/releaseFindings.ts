import { inspect, webhookHost, type CertificateSummary } from '../../certificates/index.ts';
import { isCodedError } from '../../errors.ts';
import { version } from '../../version.ts';
import type { Release } from '../read/releases.ts';
import type { Injector, ReleaseState } from '../read/releaseState.ts';
import { finding, type Finding } from './checkFindings.ts';

/** A release in the result of `check`; plain data. */
export interface ReleaseSummary {
  readonly way: Release['way'];
  readonly release: string;
  readonly namespace: string;
  /** The MutatingWebhookConfiguration or MutatingAdmissionPolicy. */
  readonly object: string;
  readonly version: string | null;
  readonly namespaceLabel: string | null;
  readonly annotation: string;
  readonly optOut: boolean;
  readonly replicas: { readonly ready: number; readonly desired: number } | null;
  /** The serving certificate in the Secret. */
  readonly certificate: { readonly notAfter: string; readonly daysLeft: number } | null;
  /** Whether the API server injects a pod in a dry run; null when this could not be tested. */
  readonly injects: boolean | null;
}

/** `release shop in namespace capture`. */
export function releaseName({ name, namespace }: Release): string {
  return `release ${name} in namespace ${namespace}`;
}

/** Judges one release. Pure. */
export function releaseFindings(
  state: ReleaseState,
  now: Date,
): { readonly findings: Finding[]; readonly summary: ReleaseSummary } {
  const { release, injector, probed } = state;
  const where = releaseName(release);
  const certificate = injector === undefined ? undefined : certificateFindings(release, injector, now);
  const findings = [
    finding(
      'release_found',
      where,
      `${release.way} ${release.object}, version ${release.version ?? 'unknown'}, failurePolicy ${release.failurePolicy}`,
    ),
    ...versionFindings(release, where),
    ...(state.configProblem === undefined ? [] : [finding('config_invalid', where, state.configProblem)]),
    ...(release.parameters?.missing ?? []).map((map) => finding('parameters_missing', where, `${map} does not exist`)),
    ...(injector === undefined ? [] : injectorFindings(release, injector, where)),
    ...(certificate?.findings ?? []),
    probeFinding(probed, where),
  ];
  return { findings, summary: summaryOf(state, certificate?.served) };
}

function summaryOf(
  { release, injector, probed }: ReleaseState,
  served: CertificateSummary | undefined,
): ReleaseSummary {
  const { way, object, name, namespace, annotation, optOut } = release;
  return {
    way,
    release: name,
    namespace,
    object,
    annotation,
    optOut,
    version: release.version ?? null,
    namespaceLabel: release.namespaceLabel ?? null,
    replicas: injector !== undefined && 'value' in injector.replicas ? injector.replicas.value : null,
    certificate: served === undefined ? null : { notAfter: served.notAfter, daysLeft: served.daysLeft },
    injects: 'injected' in probed ? probed.injected : null,
  };
}

function versionFindings(release: Release, where: string): Finding[] {
  if (release.version === undefined || release.version === version) return [];
  return [finding('release_version', where, `it has version ${release.version}, this program ${version}`)];
}

function injectorFindings({ service, failurePolicy }: Release, injector: Injector, where: string): Finding[] {
  const { name = '', namespace = '' } = service ?? {};
  const place = `deployment/${name} in ${namespace}`;
  if ('absent' in injector.service)
    return [finding('service_missing', where, `there is no Service ${name} in namespace ${namespace}`)];
  if ('forbidden' in injector.replicas) return [finding('injector_unknown', place, 'it may not be read')];
  if ('absent' in injector.replicas) return [finding('injector_down', place, 'it does not exist')];
  const { ready, desired } = injector.replicas.value;
  const what = `${ready} of ${desired} injectors ready`;
  return [
    finding(ready === 0 ? 'injector_down' : ready < desired ? 'injector_partly' : 'injector_ready', place, what),
    ...(failurePolicy === 'Fail' && desired < 2
      ? [finding('failure_policy', where, `failurePolicy is Fail with ${desired} injector`)]
      : []),
  ];
}

interface Certificates {
  readonly findings: Finding[];
  readonly served?: CertificateSummary | undefined;
}

/** Checks the serving certificate as the API server would. */
function certificateFindings(release: Release, { certificate }: Injector, now: Date): Certificates {
  const { service, caBundle } = release;
  const where = `the certificate of ${releaseName(release)}`;
  if ('forbidden' in certificate)
    return { findings: [finding('certificate_unknown', where, 'its Secret may not be read')] };
  if ('absent' in certificate) return { findings: [finding('certificate_missing', where, 'there is no tls.crt')] };
  try {
    const host = service === undefined ? {} : { host: webhookHost(service.name, service.namespace) };
    const inspection = inspect(
      { certificate: certificate.value, ...(caBundle === undefined ? {} : { caBundle }) },
      { now, ...host },
    );
    const served = inspection.certificates.find(({ role }) => role === 'serving');
    const untrusted =
      caBundle === undefined ? [finding('ca_mismatch', where, `${release.object} has no caBundle`)] : [];
    const findings = [
      ...inspection.findings.map((found) => certificateFinding(found.code, found.where, found.what, where)),
      ...untrusted,
    ];
    if (findings.length > 0) return { findings, served };
    return {
      findings: [
        finding(
          'certificate_good',
          where,
          `valid for ${served?.daysLeft ?? 0} days, until ${served?.notAfter.slice(0, 10) ?? ''}`,
        ),
      ],
      served,
    };
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return { findings: [finding('certificate_unusable', where, error.message)] };
  }
}

function certificateFinding(code: string, subject: string, text: string, where: string): Finding {
  if (code === 'not_signed_by_ca') return finding('ca_mismatch', where, `${subject}: ${text}`);
  return finding(
    code === 'expires_soon' ? 'certificate_expires' : 'certificate_unusable',
    where,
    `${subject}: ${text}`,
  );
}

function probeFinding(probed: ReleaseState['probed'], where: string): Finding {
  if ('unknown' in probed) return finding('probe_unknown', where, probed.unknown);
  return probed.injected
    ? finding('probe_injected', where, 'the API server injects a pod (dry run)')
    : finding('probe_failed', where, 'the API server does not inject a pod (dry run)');
}
