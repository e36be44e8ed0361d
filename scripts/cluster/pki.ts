import { generateKeyPair } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import forge from 'node-forge';
import { apiServerServiceAddress, nodeAddress, nodeName } from './machine.ts';

/** A certificate that a component needs: who it is for the API server, and the names it serves under. */
interface Identity {
  readonly commonName: string;
  readonly organization?: string;
  readonly hosts?: readonly string[];
}

/** File name -> identity. The names and groups are those of Kubernetes' RBAC defaults. */
const identities = {
  apiserver: {
    commonName: 'kube-apiserver',
    hosts: [
      nodeAddress,
      '127.0.0.1',
      apiServerServiceAddress,
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
    ],
  },
  'apiserver-kubelet-client': { commonName: 'kube-apiserver-kubelet-client', organization: 'system:masters' },
  admin: { commonName: 'admin', organization: 'system:masters' },
  'controller-manager': { commonName: 'system:kube-controller-manager' },
  scheduler: { commonName: 'system:kube-scheduler' },
  'kube-proxy': { commonName: 'system:kube-proxy' },
  kubelet: { commonName: `system:node:${nodeName}`, organization: 'system:nodes', hosts: [nodeName, nodeAddress] },
} as const satisfies Record<string, Identity>;

export type IdentityName = keyof typeof identities;

/** A PEM pair. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

/** Everything a cluster needs, as PEM text; valid for a year. */
export interface Pki {
  readonly ca: KeyAndCertificate;
  readonly certificates: Readonly<Record<IdentityName, KeyAndCertificate>>;
  /** Signs and checks service account tokens. */
  readonly serviceAccountKey: string;
}

export async function createPki(now = new Date()): Promise<Pki> {
  const names = Object.keys(identities) as IdentityName[];
  const [caKey, serviceAccountKey, ...keys] = await Promise.all(Array.from({ length: names.length + 2 }, newKey));
  const ca = {
    key: caKey ?? '',
    certificate: issue({ commonName: 'packet-capture node' }, caKey ?? '', undefined, now),
  };
  const certificates = names.map((name, index) => {
    const key = keys[index] ?? '';
    return [name, { key, certificate: issue(identities[name], key, ca, now) }];
  });
  return { ca, certificates: Object.fromEntries(certificates), serviceAccountKey: serviceAccountKey ?? '' };
}

/** Writes `<name>.key`, `<name>.crt`, `ca.*` and `service-account.key` to a folder that root alone can read. */
export async function writePki(pki: Pki, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pairs: (readonly [string, KeyAndCertificate])[] = [['ca', pki.ca], ...Object.entries(pki.certificates)];
  const files = pairs.flatMap(
    ([name, pair]) =>
      [
        [`${name}.key`, pair.key],
        [`${name}.crt`, pair.certificate],
      ] as const,
  );
  const all = [...files, ['service-account.key', pki.serviceAccountKey] as const];
  await Promise.all(all.map(([name, text]) => writeFile(join(folder, name), text, { mode: 0o600 })));
}

/** PEM, PKCS #1, which node-forge reads. */
async function newKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  return privateKey;
}

/** Without `ca` the certificate is one that signs itself and others. */
function issue(identity: Identity, keyPem: string, ca: KeyAndCertificate | undefined, now: Date): string {
  const key = forge.pki.privateKeyFromPem(keyPem);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(key.n, key.e);
  // The first byte keeps the number positive, RFC 5280 4.1.2.2.
  certificate.serialNumber = `01${forge.util.bytesToHex(forge.random.getBytesSync(15))}`;
  // A clock that is set back a little must not make a certificate invalid.
  certificate.validity.notBefore = new Date(now.getTime() - 5 * 60_000);
  certificate.validity.notAfter = new Date(now.getTime() + 365 * 24 * 3600_000);
  const subject = [{ name: 'commonName', value: identity.commonName }];
  if (identity.organization !== undefined) subject.unshift({ name: 'organizationName', value: identity.organization });
  certificate.setSubject(subject);
  certificate.setIssuer(ca === undefined ? subject : forge.pki.certificateFromPem(ca.certificate).subject.attributes);
  certificate.setExtensions(ca === undefined ? caExtensions : leafExtensions(identity.hosts ?? []));
  certificate.sign(ca === undefined ? key : forge.pki.privateKeyFromPem(ca.key), forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate);
}

const caExtensions = [
  { name: 'basicConstraints', cA: true, critical: true },
  { name: 'keyUsage', keyCertSign: true, digitalSignature: true, critical: true },
  { name: 'subjectKeyIdentifier' },
];

function leafExtensions(hosts: readonly string[]): object[] {
  const altNames = hosts.map((host) => (/^[\d.]+$/.test(host) ? { type: 7, ip: host } : { type: 2, value: host }));
  return [
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', clientAuth: true, serverAuth: true },
    ...(altNames.length === 0 ? [] : [{ name: 'subjectAltName', altNames }]),
  ];
}
