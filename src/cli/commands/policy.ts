import { Option, type Command } from 'commander';
import { sinceKubernetes } from '../../minimums.ts';
import { injectAnnotation, namespaceLabel as defaultNamespaceLabel, type SettingValues } from '../../settings/index.ts';
import { assumedLevels, type AssumedLevel, type SidecarConfig } from '../../sidecar/index.ts';
import { version } from '../../version.ts';
import { policyObjects } from '../../ways/policy/index.ts';
import { applicationName, componentLabel, components, instanceLabel, nameLabel } from '../../ways/webhook/names.ts';
import { addSettingFlags, settingsOfFlags } from '../flags/settingFlags.ts';
import {
  addSidecarFlags,
  imageProblem,
  sidecarOfFlags,
  type SidecarFlags,
  refuseByPlatform,
  refuseLargeRing,
  refuseWithCustomSidecar,
} from '../flags/sidecarFlags.ts';
import { printData } from '../io/output.ts';

/** `policy`: way 4, the API server injects without a server of ours. */
export function addPolicy(program: Command): void {
  const command = program
    .command('policy')
    .description(
      `print a MutatingAdmissionPolicy that injects the sidecar without a server; needs Kubernetes ${sinceKubernetes('mutatingAdmissionPolicy')}`,
    )
    .option('--name <NAME>', 'the name of the objects', 'packet-capture')
    .option(
      '-n, --namespace <NAMESPACE>',
      'the namespace of the ConfigMaps with the parameters; its pods are never injected',
      'packet-capture',
    )
    .option('--namespace-label <KEY>', 'the label that opts a namespace in, value "enabled"', defaultNamespaceLabel)
    .option('--annotation <KEY>', 'the annotation by which a pod asks, value "true"', injectAnnotation)
    .option('--opt-out', 'inject all pods of these namespaces, unless that annotation is "false"')
    .addOption(
      new Option('--pod-security <LEVEL>', 'the level of namespaces without a Pod Security label')
        .choices(assumedLevels)
        .default('auto'),
    )
    .addOption(new Option('-o, --output <FORMAT>', 'the format').choices(['yaml', 'json']).default('yaml'));
  addSettingFlags(addSidecarFlags(command)).action(
    async (flags: PolicyFlags & SidecarFlags & Readonly<Record<string, unknown>>) => {
      const settings = settingsOfFlags(flags);
      const config = await sidecarOfFlags(flags);
      const problem = imageProblem(config);
      if (problem !== undefined) throw problem;
      printData(await formatPolicy(flags, config, settings));
    },
  );
}

/** The flags of `policy`. All but the two optional ones have defaults. */
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
 * The objects of the policy as text for `kubectl apply`; no final newline.
 * @throws USAGE, SIDECAR_CONFIG_INVALID
 */
export async function formatPolicy(
  flags: PolicyFlags,
  config: SidecarConfig,
  settings: SettingValues,
): Promise<string> {
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
  const documents = objects.map((object) =>
    stringify(object, { version: '1.1', lineWidth: 0, blockQuote: 'literal', aliasDuplicateObjects: false }),
  );
  return documents.join('---\n').trimEnd();
}

/** The configuration with the values of the flags in it. */
function withSettings(config: SidecarConfig, settings: SettingValues): SidecarConfig {
  if (Object.keys(settings).length === 0) return config;
  refuseWithCustomSidecar(config, settings);
  refuseLargeRing(config, settings);
  if (config.form === 'custom') return config;
  const changed = { ...config, settings: { ...config.settings, ...settings } };
  // The flags become the release's own defaults, so the only rule they can break is the bound of the buffer.
  refuseByPlatform(changed, settings);
  return changed;
}
