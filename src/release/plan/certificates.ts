import {
  decideReuse,
  inspect,
  issueMaterial,
  materialOfFiles,
  materialOfValues,
  rotateOnce,
  servingNames,
  webhookHost,
  type CertificateMaterial,
  type ReuseAction,
  type RotationStep,
} from '../../certificates/index.ts';
import { codedError } from '../../errors.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { readSome } from '../../kubernetes/reading.ts';
import { fieldsOf, type Values } from '../helm/releaseValues.ts';
import type { WebhookService } from '../helm/renderedChart.ts';
import type { ManifestObject } from '../helm/renderedObjects.ts';
import { finding, type Finding } from './preflightFindings.ts';

/** What happens to the certificates in this install or upgrade. */
export interface CertificatePlan {
  /**
   * `given`: the user's own PEM; `other`: another mode than baked, so the installer does not make them; `none`: for a
   * policy.
   */
  readonly action: ReuseAction | 'given' | 'other' | 'none';
  /** The material to bake in; absent unless it is ours. */
  readonly material?: CertificateMaterial;
  /** The step of a rotation that this change takes. */
  readonly step?: RotationStep;
  /** For people: one clause. */
  readonly text: string;
  readonly findings: readonly Finding[];
}

/** What the decision depends on. The certificates of the running release are taken over where they are valid. */
export interface CertificateQuestion {
  /** The values to install: merged, without defaults. */
  readonly values: Values;
  readonly mode: string;
  /** The values of the running revision. */
  readonly before: Values | undefined;
  /** The release's Secret in the cluster, by key; used when its values have no certificates. */
  readonly secret: Readonly<Record<string, string>> | undefined;
  readonly service: WebhookService;
  /** Take a step of a rotation even if the certificates are valid. */
  readonly rotate: boolean;
  readonly now: Date;
}

/**
 * Decides on the certificates, and makes new keys if they are needed.
 * @throws CERTIFICATE_INVALID, ROTATION_REFUSED, USAGE for a rotation of certificates that are not ours
 */
export async function planCertificates(question: CertificateQuestion): Promise<CertificatePlan> {
  const { values, mode, before, secret, service, rotate, now } = question;
  if (mode === 'none') {
    if (rotate)
      throw codedError('USAGE', '--rotate-certs: injection.way is policy, which has no certificates', {
        hint: 'Remove --rotate-certs.',
      });
    return { action: 'none', text: 'not needed: the API server injects', findings: [] };
  }
  const given = givenMaterial(values, before);
  if (mode !== 'baked' || given !== undefined) {
    if (rotate) throw notOurs(mode);
    return given === undefined
      ? { action: 'other', text: `left to certs.mode ${mode}`, findings: [] }
      : { action: 'given', text: "the values' own", findings: materialFindings(given, service, now, 'certs') };
  }
  const running = materialOfValues(before) ?? (secret === undefined ? undefined : materialOfFiles(secret));
  const decision = decideReuse({ material: running, service: service.name, namespace: service.namespace, now });
  if (decision.action === 'new' || running === undefined) {
    const why = decision.findings.map(({ code }) => code).join(', ');
    const material = await issueMaterial({ dnsNames: servingNames(service.name, service.namespace), now });
    return {
      action: 'new',
      material,
      text: running === undefined ? 'new' : `new, since those before do not work (${why})`,
      findings: [],
    };
  }
  const whole = running as CertificateMaterial;
  if (!rotate && decision.action === 'keep')
    return { action: 'keep', material: whole, text: 'kept as they are', findings: [] };
  const { step, material } = await rotateOnce(whole, { now });
  return {
    action: 'rotate',
    material,
    step,
    text: `rotation, step ${step}${rotate ? '' : ', since they expire soon'}`,
    findings: [],
  };
}

function notOurs(mode: string): Error {
  const hint =
    mode === 'baked'
      ? 'Remove certs.caBundle, .certificate and .key from the values.'
      : 'Renew them where they were made.';
  return codedError('USAGE', `--rotate-certs: the certificates (certs.mode ${mode}) are not the installer's`, { hint });
}

/** PEM that the user gave in the values of this command; values that the release had already do not count. */
function givenMaterial(values: Values, before: Values | undefined): Partial<CertificateMaterial> | undefined {
  const [now, then] = [values, before].map((some) => fieldsOf(some?.['certs']));
  const parts = ['caBundle', 'certificate', 'key'] as const;
  const has = parts.some((part) => typeof now?.[part] === 'string' && now[part] !== '');
  if (!has || parts.every((part) => now?.[part] === then?.[part])) return undefined;
  return materialOfValues({ certs: { ...now, mode: 'baked' } });
}

/** Checks certificates of the user. @throws CERTIFICATE_INVALID */
export function materialFindings(
  material: Partial<CertificateMaterial>,
  { name, namespace }: WebhookService,
  now: Date,
  where: string,
): Finding[] {
  const { findings } = inspect(material, { now, host: webhookHost(name, namespace) });
  return findings
    .filter(({ code }) => code !== 'next_unusable')
    .map(({ code, what }) =>
      finding(
        code === 'expires_soon' ? 'custom_certificate_expires' : 'custom_certificate_unusable',
        where,
        `${code}: ${what}`,
      ),
    );
}

/** The material of the Secret that this release created in the cluster; Secrets of others are not used. */
export async function readOwnSecret(
  kubectl: Kubectl,
  release: string,
  rendered: ManifestObject | undefined,
): Promise<Readonly<Record<string, string>> | undefined> {
  if (rendered === undefined) return undefined;
  const { name, namespace = '' } = rendered.metadata;
  const [secret] = await readSome<SecretObject>(kubectl, ['get', 'secrets', name, '--namespace', namespace]);
  const owner = secret?.metadata.annotations ?? {};
  if (
    secret === undefined ||
    owner['meta.helm.sh/release-name'] !== release ||
    owner['meta.helm.sh/release-namespace'] !== namespace
  )
    return undefined;
  const files = (['ca.crt', 'tls.crt', 'tls.key'] as const).flatMap((key) => {
    const value = secret.data?.[key];
    return value === undefined ? [] : [[key, Buffer.from(value, 'base64').toString()] as const];
  });
  return Object.fromEntries(files);
}

interface SecretObject {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
}

/** Checks the Secret of certs.existingSecret; its key is never read. @throws as Kubectl, CERTIFICATE_INVALID */
export async function checkExistingSecret(
  kubectl: Kubectl,
  name: string,
  service: WebhookService,
  caBundle: string,
  now: Date,
): Promise<Finding[]> {
  const where = `secret/${name} in ${service.namespace}`;
  const keys = '{{range $key, $value := .data}}{{$key}} {{end}}';
  const read = async (template: string): Promise<string> =>
    (await kubectl(['get', 'secrets', name, '--namespace', service.namespace, '--ignore-not-found', '-o', template]))
      .stdout;
  const found = (await read(`go-template=${keys}found`)).split(' ');
  if (!found.includes('found')) return [finding('secret_missing', where, 'it does not exist')];
  const absent = ['tls.crt', 'tls.key'].filter((key) => !found.includes(key));
  if (absent.length > 0) return [finding('secret_incomplete', where, `it has no ${absent.join(' and no ')}`)];
  const certificate = Buffer.from(await read(String.raw`jsonpath={.data.tls\.crt}`), 'base64').toString();
  return materialFindings({ certificate, ...(caBundle === '' ? {} : { caBundle }) }, service, now, where);
}
