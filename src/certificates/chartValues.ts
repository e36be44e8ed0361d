import { codedError } from '../errors.ts';
import type { CertificateMaterial, ServingPair } from './material.ts';

/** `certs` of the chart's values in the mode `baked`, as PEM text. */
export interface CertsValues extends ServingPair {
  readonly mode: 'baked';
  readonly caBundle: string;
  /** The next pair, between steps 1 and 2 of a rotation; otherwise both are empty. No object contains it. */
  readonly next: ServingPair;
}

/**
 * The values that put the material into a release. They contain every key, also empty ones: otherwise `helm upgrade
 * --reuse-values` would keep the values of an earlier upgrade.
 */
export function valuesOfMaterial(material: CertificateMaterial): { readonly certs: CertsValues } {
  const { caBundle, certificate, key, next = { certificate: '', key: '' } } = material;
  return { certs: { mode: 'baked', caBundle, certificate, key, next } };
}

/**
 * The material in the values of a release, as `helm get values -o json` prints them; undefined in another mode, or when
 * the values contain no material.
 * @throws CERTIFICATE_INVALID when a part is not a string
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

/** The keys whose value is not empty. */
function texts(from: Record<string, unknown>, keys: readonly string[], where: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const key of keys) {
    const text = from[key] ?? '';
    if (typeof text !== 'string') {
      throw codedError('CERTIFICATE_INVALID', 'it is not a string', { where: `${where}.${key}` });
    }
    if (text !== '') found[key] = text;
  }
  return found;
}
