import { policyObjects } from '../policy/index.ts';
import type { SettingValues } from '../settings/index.ts';
import type { AssumedLevel, SidecarConfig } from '../sidecar/index.ts';
import { version } from '../version.ts';
import { applicationName, componentLabel, components, instanceLabel, nameLabel } from '../webhook/names.ts';
import { refuseByPlatform, refuseLargeRing, refuseWithOwn } from './sidecarFlags.ts';

export interface PolicyFlags {
  readonly name: string;
  readonly namespace: string;
  readonly namespaceLabel: string;
  readonly annotation: string;
  readonly optOut?: boolean;
  readonly podSecurity?: AssumedLevel;
  readonly output: 'yaml' | 'json';
}

/**
 * The objects of way 4 as text for `kubectl apply`; no final newline.
 * @throws USAGE, SIDECAR_CONFIG_INVALID
 */
export async function formatPolicy(flags: PolicyFlags, config: SidecarConfig, settings: SettingValues): Promise<string> {
  const { name, namespace, namespaceLabel, annotation, podSecurity, optOut = false } = flags;
  const labels = { [nameLabel]: applicationName, [instanceLabel]: name, 'app.kubernetes.io/version': version };
  const objects = policyObjects({
    config: withSettings(config, settings),
    name,
    namespace,
    namespaceLabel,
    annotation,
    optOut,
    podSecurity,
    failurePolicy: 'Ignore',
    labels: { ...labels, [componentLabel]: 'policy' },
    probeLabels: { [instanceLabel]: name, [componentLabel]: components.probe },
  });
  if (flags.output === 'json') return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, null, 2);
  const { stringify } = await import('yaml');
  const documents = objects.map((object) => stringify(object, { version: '1.1', lineWidth: 0, blockQuote: 'literal', aliasDuplicateObjects: false }));
  return documents.join('---\n').trimEnd();
}

/** A flag's value stands where the file's would. */
function withSettings(config: SidecarConfig, settings: SettingValues): SidecarConfig {
  if (Object.keys(settings).length === 0) return config;
  refuseWithOwn(config, settings);
  refuseLargeRing(config, settings);
  if (config.form === 'own') return config;
  const changed = { ...config, settings: { ...config.settings, ...settings } };
  // They become the release's own defaults: what is left to refuse is a buffer beyond its bound.
  refuseByPlatform(changed, settings);
  return changed;
}
