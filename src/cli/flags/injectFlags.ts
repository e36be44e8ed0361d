import { Command, Option } from 'commander';
import { codedError } from '../../errors.ts';
import type { PodSecurityLevel } from '../../inject/index.ts';
import type { FunctionConfig, InjectManifestOptions } from '../../ways/manifest/index.ts';
import { addAmountFlags, amountsOfFlags } from './amountFlags.ts';
import { addSelectionFlags, readingOf, type SelectionFlags } from './selectionFlags.ts';
import { addSettingFlags, settingsOfFlags } from './settingFlags.ts';
import {
  namesSidecar,
  addSidecarFlags,
  refuseByPlatform,
  refuseLargeRing,
  refuseWithCustomSidecar,
  sidecarOfFlags,
  type SidecarFlags,
} from './sidecarFlags.ts';

/** The sidecar to inject, and the workloads to inject it into. */
export interface InjectFlags extends SidecarFlags, SelectionFlags {
  readonly requireInjection?: boolean;
  readonly namespace?: string;
  readonly podSecurity?: PodSecurityLevel;
}

/** Adds the flags of {@link InjectFlags} to a command, one for each setting among them. */
export function addInjectFlags(command: Command): Command {
  command
    .option('-n, --namespace <NAMESPACE>', 'the namespace of workloads that name none')
    .option(
      '--require-injection',
      'for pipelines: exit 1 and write nothing if a selected workload would not have the sidecar, or none is selected',
    )
    .addOption(
      new Option(
        '--pod-security <LEVEL>',
        'the level that namespaces enforce (default: from Namespace objects in the input, otherwise privileged)',
      ).choices(['privileged', 'baseline', 'restricted']),
    );
  return addAmountFlags(addSettingFlags(addSidecarFlags(addSelectionFlags(command))));
}

/**
 * The flags as options for manifests.
 * @throws USAGE, POD_SECURITY, FILE_UNREADABLE, YAML_INVALID, SIDECAR_CONFIG_INVALID, SETTING_INVALID
 */
export async function injectOptions(flags: InjectFlags): Promise<Omit<InjectManifestOptions, 'file'>> {
  const settings = settingsOfFlags({ ...flags });
  const amounts = amountsOfFlags({ ...flags });
  const config = await sidecarOfFlags(flags);
  refuseWithCustomSidecar(config, settings, amounts);
  refuseLargeRing(config, settings);
  refuseByPlatform(config, settings);
  if (flags.podSecurity === 'restricted' && config.form === 'agent') {
    throw codedError('POD_SECURITY', 'Pod Security "restricted" forbids NET_RAW, so no capture is possible there', {
      where: '--pod-security',
    });
  }
  const { createRenderBlock } = await import('../../ways/manifest/index.ts');
  const { podSecurity, namespace } = flags;
  const renew = namesSidecar(flags);
  return {
    ...(await readingOf(flags)),
    config,
    settings,
    amounts,
    renew,
    podSecurity,
    namespace,
    render: createRenderBlock(),
  };
}

/** In a function config, the content of sidecarconfig.yaml instead of its path. */
const inlineConfig = 'sidecarconfig.yaml';

/**
 * Converts the options of a KRM function to the flags of the same names, so that both are checked by the same rules.
 * @throws USAGE
 */
export function flagsOfFunction(
  { [inlineConfig]: sidecarConfigText, ...options }: FunctionConfig,
  where: string,
): InjectFlags {
  if (sidecarConfigText !== undefined && typeof sidecarConfigText !== 'string') {
    throw codedError('USAGE', `${inlineConfig} must be a string`, { where });
  }
  const parser = addInjectFlags(new Command())
    .configureOutput({ writeErr: () => {}, writeOut: () => {} })
    .helpOption(false)
    .exitOverride((error) => {
      throw codedError('USAGE', error.message.replace(/^error: /, ''), {
        where,
        hint: 'Its keys are the long flags of `packet-capture inject`.',
      });
    });
  const switches = parser.options.filter((option) => option.isBoolean()).map(({ long }) => long);
  const args = Object.entries(options).flatMap(([name, value]) => {
    if (typeof value === 'boolean' && switches.includes(`--${name}`)) return value ? [`--${name}`] : [];
    return valuesOf(name, value, where).map((text) => `--${name}=${text}`);
  });
  const flags = parser.parse(args, { from: 'user' }).opts<InjectFlags>();
  return sidecarConfigText === undefined ? flags : { ...flags, sidecarConfigText };
}

function valuesOf(name: string, value: unknown, where: string): string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.map((item) => {
    if (typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean') return String(item);
    throw codedError('USAGE', `${name} must be a string or a list of strings`, { where });
  });
}
