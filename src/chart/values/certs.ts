import { caDays, renewBeforeDays, servingDays } from '../../certificates/index.ts';
import * as is from './schemas.ts';
import { choice, group, integer, leaf, string, type Schema } from './tree.ts';

/** Where the injector's certificate comes from: the values, Helm itself, a Secret of the user, or cert-manager. */
export const certsModes = ['baked', 'generated', 'existingSecret', 'certManager'] as const;

/**
 * Has no pattern: Helm prints a value that a pattern refuses, and this value may be a private key by mistake. The
 * templates check the values instead, and report a problem without the value.
 */
const pem: Schema = {};

/** An Issuer of cert-manager. */
export interface IssuerRef {
  readonly name?: string;
  readonly kind?: string;
  readonly group?: string;
}

const text = { type: 'string' };

/** The values below `certs`. A policy has no injector, so it ignores them. */
export const certs = group('the certificate that the injector serves to the API server', {
  mode: choice('generated', 'where the certificate comes from', certsModes),
  caBundle: string('', 'PEM; for baked and existingSecret: the CA certificates that the API server trusts', pem),
  certificate: string('', 'PEM; for baked: the certificate that the injector serves', pem),
  key: string('', 'PEM; for baked: the private key of the certificate', pem),
  next: group('for baked: the next pair during a rotation; no object contains it', {
    certificate: string('', 'PEM', pem),
    key: string('', 'PEM', pem),
  }),
  existingSecret: string('', 'name of a Secret of the type kubernetes.io/tls', is.objectNameOrEmpty),
  generated: group('for generated: Helm makes the certificates once and keeps them while they are valid', {
    caDays: integer(caDays, 'days until the CA expires', 1, 36_500),
    servingDays: integer(
      servingDays,
      `days until the serving certificate expires; an upgrade in the last ${renewBeforeDays} days renews it`,
      renewBeforeDays + 1,
      36_500,
    ),
  }),
  certManager: group('for certManager: cert-manager, which must be installed, issues the certificate', {
    issuerRef: leaf<IssuerRef>({}, 'the issuer; empty: a CA of this release', {
      type: 'object',
      additionalProperties: false,
      properties: { name: is.objectName, kind: text, group: text },
    }),
    duration: string('2160h', 'lifetime of the serving certificate', is.duration),
    renewBefore: string('720h', 'how long before its expiry the certificate is renewed', is.duration),
  }),
});
