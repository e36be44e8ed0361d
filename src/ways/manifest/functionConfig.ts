import { codedError } from '../../errors.ts';
import { openManifest, readDocuments } from './parseDocument.ts';

/** The `functionConfig` of a KRM function: the options of its user. */
export type FunctionConfig = Readonly<Record<string, unknown>>;

/**
 * The function config in a `ResourceList`, the input that kustomize and kpt pass to a function.
 * @returns undefined for any other text
 * @throws YAML_INVALID, MANIFEST_INVALID
 * @see cmd/config/docs/api-conventions/functions-spec.md in kubernetes-sigs/kustomize
 */
export function readFunctionConfig(text: string, file: string): FunctionConfig | undefined {
  if (!text.includes('ResourceList')) return undefined;
  for (const { root, values } of readDocuments(openManifest(text, file))) {
    const value = values.of(root);
    if (!isObject(value) || value['kind'] !== 'ResourceList') continue;
    if (!String(value['apiVersion']).startsWith('config.kubernetes.io/')) continue;
    return functionOptions(value['functionConfig'] ?? {}, `${file}: functionConfig`);
  }
  return undefined;
}

/**
 * The options in a function config: `data` of a ConfigMap, `spec` of any other kind.
 * @throws MANIFEST_INVALID
 */
export function functionOptions(config: unknown, where: string): FunctionConfig {
  const field = isObject(config) && config['kind'] === 'ConfigMap' ? 'data' : 'spec';
  const options = isObject(config) ? (config[field] ?? {}) : undefined;
  if (!isObject(options)) throw codedError('MANIFEST_INVALID', `its ${field} must be a mapping`, { where });
  return options;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
