import { codedError } from '../errors.ts';
import type { CertificateMaterial, ServingPair } from './material.ts';

/** `certs` of the chart's values in the mode `baked`, as PEM text. */
export interface CertsValues extends ServingPair {
  readonly mode: 'baked';
  readonly caBundle: string;
  /** Between steps 1 and 2 of a rotation; otherwise both are empty. Rendered into no object. */
  readonly next: ServingPair;
}

/**
 * The values that bake the material into an install. Every key is there, if empty: `helm upgrade --reuse-values` would
 * keep what an upgrade before has left in it.
 */
export function valuesOfMaterial(material: CertificateMaterial): { readonly certs: CertsValues } {
  const { caBundle, certificate, key, next = { certificate: '', key: '' } } = material;
  return { certs: { mode: 'baked', caBundle, certificate, key, next } };
}

/**
 * The material in the values of a release, as `helm get values -o json` gives them; undefined when the mode is another
 * or nothing was baked in.
 * @throws CERTIFICATE_INVALID when a part is no text
 */
export function materialOfValues(values: unknown): Partial<CertificateMaterial> | undefined {
  const certs = objectAt(values, 'certs');
  if (certs === undefined || certs['mode'] !== 'baked') return undefined;
  const next = texts(objectAt(certs, 'next') ?? {}, ['certificate', 'key'], 'certs.next');
  const material = texts(certs, ['caBundle', 'certificate', 'key'], 'certs');
  if (Object.keys(material).length === 0) return undefined;
  return Object.keys(next).length === 0 ? material : { ...material, next: { certificate: '', key: '', ...next } };
}

function objectAt(value: unknown, key: string): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const inner = (value as Record<string, unknown>)[key];
  return typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : undefined;
}

/** Those of the keys that hold something. */
function texts(from: Record<string, unknown>, keys: readonly string[], where: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const key of keys) {
    const text = from[key] ?? '';
    if (typeof text !== 'string') {
      throw codedError('CERTIFICATE_INVALID', 'it is no text', { where: `${where}.${key}` });
    }
    if (text !== '') found[key] = text;
  }
  return found;
}
