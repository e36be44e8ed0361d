import { caDays, servingDays } from '../../certificates/index.ts';
import * as is from './schemas.ts';
import { choice, group, integer, leaf, string, type Schema } from './tree.ts';

export const certsModes = ['baked', 'generated', 'existingSecret', 'certManager'] as const;

/**
 * Without a pattern: helm prints the value that one refuses, and two files may be swapped. The templates look at them
 * and say what is wrong without the value.
 */
const pem: Schema = {};

/** An Issuer of cert-manager. */
export interface IssuerRef {
  readonly name?: string;
  readonly kind?: string;
  readonly group?: string;
}

const text = { type: 'string' };

export const certs = group('the certificates between the API server and the injector', {
  mode: choice('generated', 'source of the certificates', certsModes),
  caBundle: string('', 'PEM; baked, and existingSecret: what the API server trusts', pem),
  certificate: string('', 'PEM; baked: what the injector serves', pem),
  key: string('', 'PEM; baked: its private key', pem),
  next: group('baked: the pair that waits during a rotation; in no object', {
    certificate: string('', 'PEM: the next certificate', pem),
    key: string('', 'PEM: its private key', pem),
  }),
  existingSecret: string('', 'name of a Secret of the type kubernetes.io/tls', is.objectNameOrEmpty),
  generated: group('made by helm once, and kept as long as they are good', {
    caDays: integer(caDays, "the CA's life", 1, 36_500),
    servingDays: integer(
      servingDays,
      "the serving certificate's life; renewed by an upgrade in its last 30 days",
      31,
      36_500,
    ),
  }),
  certManager: group('issued by cert-manager, which must be there', {
    issuerRef: leaf<IssuerRef>({}, 'issuer of the certificate; empty: a CA of this release', {
      type: 'object',
      additionalProperties: false,
      properties: { name: is.objectName, kind: text, group: text },
    }),
    duration: string('2160h', "the serving certificate's life", is.duration),
    renewBefore: string('720h', 'how long before its end it is renewed', is.duration),
  }),
});
