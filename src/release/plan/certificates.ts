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

export interface CertificatePlan {
  /**
   * `given`: the user's own PEM; `other`: another mode than baked, where somebody else makes them; `none`: for a
   * policy.
   */
  readonly action: ReuseAction | 'given' | 'other' | 'none';
  /** What is baked in; absent unless they are ours. */
  readonly material?: CertificateMaterial;
  /** The step of a rotation that this release takes. */
  readonly step?: RotationStep;
  /** For people: one clause. */
  readonly text: string;
  readonly findings: readonly Finding[];
}

export interface CertificateQuestion {
  /** To be installed: merged, without defaults. */
  readonly values: Values;
  readonly mode: string;
  /** Of the running revision. */
  readonly before: Values | undefined;
  /** The Secret that the release has in the cluster, by key; for a release whose values hold none. */
  readonly secret: Readonly<Record<string, string>> | undefined;
  readonly service: WebhookService;
  /** Take a step of a rotation even though all is well. */
  readonly rotate: boolean;
  readonly now: Date;
}

/**
 * What becomes of the certificates; new keys are made here.
 * @throws CERTIFICATE_INVALID, ROTATION_REFUSED, USAGE for a rotation of what is not ours
 */
export async function planCertificates(question: CertificateQuestion): Promise<CertificatePlan> {
  const { values, mode, before, secret, service, rotate, now } = question;
  if (mode === 'none') {
    if (rotate)
      throw codedError('USAGE', '--rotate-certs: injection.way is policy, which has no certificates', {
        hint: 'Leave --rotate-certs out.',
      });
    return { action: 'none', text: 'the API server itself injects', findings: [] };
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
      ? 'Take certs.caBundle, .certificate and .key out of the values.'
      : 'Whoever makes them renews them.';
  return codedError('USAGE', `--rotate-certs: the certificates (certs.mode ${mode}) are not the installer's`, { hint });
}

/** PEM that the user has put into the values of this command: what the release had before is not his any more. */
function givenMaterial(values: Values, before: Values | undefined): Partial<CertificateMaterial> | undefined {
  const [now, then] = [values, before].map((some) => fieldsOf(some?.['certs']));
  const parts = ['caBundle', 'certificate', 'key'] as const;
  const has = parts.some((part) => typeof now?.[part] === 'string' && now[part] !== '');
  if (!has || parts.every((part) => now?.[part] === then?.[part])) return undefined;
  return materialOfValues({ certs: { ...now, mode: 'baked' } });
}

/** What is wrong with certificates that the user brings. @throws CERTIFICATE_INVALID */
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

/** The material of the Secret that a release of ours made in the cluster; of somebody else's nothing is taken. */
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

/** Whether a Secret of the user's can serve; its key is never read. @throws as Kubectl, CERTIFICATE_INVALID */
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
