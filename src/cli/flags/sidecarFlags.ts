import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { codedError, isCodedError, type CodedError } from '../../errors.ts';
import { ringProblem, settingRefusal, type SettingValues } from '../../settings/index.ts';
import {
  defaultSidecarConfig,
  isImageReference,
  isPlaceholderImage,
  maxVolumeBytes,
  platformOfConfig,
  readSidecarConfig,
  settingsOfPod,
  type SidecarAmounts,
  type SidecarConfig,
} from '../../sidecar/index.ts';
import { decodeText } from '../io/encoding.ts';

export interface SidecarFlags {
  readonly sidecarConfig?: string;
  readonly image?: string;
  readonly imagePullPolicy?: string;
  /** The content of sidecarconfig.yaml itself, from a function config. */
  readonly sidecarConfigText?: string;
}

/** Adds the flags that say which sidecar is meant. */
export function addSidecarFlags(command: Command): Command {
  return command
    .option('--sidecar-config <FILE>', 'sidecarconfig.yaml, or the ConfigMap that holds it; see docs/sidecarconfig.md')
    .option(
      '--image <IMAGE>',
      "the capture agent's image, best with its digest (default: agent.image of that file, else $PACKET_CAPTURE_IMAGE)",
    )
    .addOption(
      new Option('--image-pull-policy <POLICY>', 'of that image').choices(['Always', 'IfNotPresent', 'Never']),
    );
}

/**
 * The sidecar that the flags ask for. Its image may be the placeholder, see {@link imageProblem}.
 * @throws USAGE, FILE_UNREADABLE, YAML_INVALID, SIDECAR_CONFIG_INVALID, SETTING_UNKNOWN, SETTING_INVALID
 */
export async function sidecarOfFlags(flags: SidecarFlags): Promise<SidecarConfig> {
  const config = await configOfFlags(flags);
  if (config.form === 'custom') {
    if (flags.image === undefined && flags.imagePullPolicy === undefined) return config;
    throw codedError('USAGE', '--image and --image-pull-policy do not go with a sidecar of your own', {
      where: '--sidecar-config',
      hint: 'Name the image in the file.',
    });
  }
  const image = imageOf(config.agent.image, flags);
  const { imagePullPolicy = config.agent.imagePullPolicy } = flags;
  return { ...config, agent: { ...config.agent, image, imagePullPolicy } };
}

/** Whether the flags say which sidecar is meant, so that one that is there is made anew. */
export function namesSidecar(flags: SidecarFlags): boolean {
  return [flags.sidecarConfig, flags.sidecarConfigText, flags.image, flags.imagePullPolicy].some(
    (flag) => flag !== undefined,
  );
}

/**
 * A custom sidecar reads no settings, and its resources stand in the file.
 * @throws USAGE when it is to be given some
 */
export function refuseWithCustomSidecar(
  { form }: SidecarConfig,
  settings: SettingValues,
  amounts: SidecarAmounts = {},
): void {
  if (form !== 'custom') return;
  const where = '--sidecar-config';
  if (Object.keys(settings).length > 0)
    throw codedError('USAGE', 'settings do not go with a sidecar of your own: it does not read them', { where });
  const [amount] = Object.keys(amounts);
  if (amount !== undefined)
    throw codedError('USAGE', `--${amount} does not go with a sidecar of your own: its resources stand in the file`, {
      where,
    });
}

/**
 * Volumes for more files than a node can be asked to hold: what the flags say of them, over the configuration.
 * @throws SETTING_INVALID
 */
export function refuseLargeRing(config: SidecarConfig, settings: SettingValues): void {
  if (config.form === 'custom') return;
  const problem = ringProblem(settingsOfPod(config, settings), maxVolumeBytes(config.agent));
  if (problem === undefined) return;
  throw codedError('SETTING_INVALID', `the files of a capture are too large together: ${problem}`, {
    where: '--file-size, --file-count',
    hint: 'Take fewer or smaller files, or set agent.maxVolumeSize in the file of --sidecar-config.',
  });
}

/**
 * Settings that the release of the configuration does not allow: the agent would refuse them.
 * @throws SETTING_INVALID
 */
export function refuseByPlatform(config: SidecarConfig, given: SettingValues): void {
  if (config.form === 'custom') return;
  const platform = platformOfConfig(config);
  for (const [name, value] of Object.entries(given)) {
    const refusal = settingRefusal(name, value, platform);
    if (refusal === undefined) continue;
    throw codedError('SETTING_INVALID', refusal, {
      where: `--${name}`,
      hint: 'Choose another value, or let the file of --sidecar-config allow it (agent.maxBufferSize, agent.allowedSettings, …).',
    });
  }
}

/** The flag wins, then the file, then the environment. @throws USAGE for what no kubelet can read */
function imageOf(ofFile: string, { image }: SidecarFlags): string {
  const environment = isPlaceholderImage(ofFile) ? process.env[imageVariable] : undefined;
  const [where, name] =
    image === undefined ? [imageVariable, environment === '' ? undefined : environment] : ['--image', image];
  if (name === undefined) return ofFile;
  if (isImageReference(name)) return name;
  throw codedError('USAGE', `"${name}" is not the name of an image`, {
    where,
    hint: 'Write it as REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:….',
  });
}

const imageVariable = 'PACKET_CAPTURE_IMAGE';

/**
 * What is wrong with a sidecar for which nobody has named an image: pods that carry it never start.
 * @returns an IMAGE_NOT_NAMED to throw or to warn with; undefined when an image is named
 */
export function imageProblem(config: SidecarConfig): CodedError | undefined {
  if (config.form === 'custom' || !isPlaceholderImage(config.agent.image)) return undefined;
  return codedError(
    'IMAGE_NOT_NAMED',
    `no image is named for the capture agent: ${config.agent.image} can be pulled from nowhere`,
  );
}

async function configOfFlags({ sidecarConfig, sidecarConfigText }: SidecarFlags): Promise<SidecarConfig> {
  if (sidecarConfig !== undefined) return readConfigFile(sidecarConfig);
  return sidecarConfigText === undefined ? defaultSidecarConfig : readConfigText(sidecarConfigText, configKey);
}

async function readConfigFile(file: string): Promise<SidecarConfig> {
  let text: string;
  try {
    text = decodeText(await readFile(file), file);
  } catch (error) {
    if (isCodedError(error)) throw error;
    throw codedError('FILE_UNREADABLE', `cannot read the sidecar's configuration: ${String(error)}`, {
      where: file,
      cause: error,
    });
  }
  return readConfigText(text, file);
}

async function readConfigText(text: string, file: string): Promise<SidecarConfig> {
  const { parse } = await import('yaml');
  const read = (source: string, where: string): unknown => {
    try {
      return parse(source, { version: '1.1' });
    } catch (error) {
      throw codedError('YAML_INVALID', String(error), { where, hint: 'Correct the file.', cause: error });
    }
  };
  const value = read(text, file);
  const inner = configMapContent(value);
  return inner === undefined
    ? readSidecarConfig(value, file)
    : readSidecarConfig(read(inner, `${file}: ${configKey}`), `${file}: ${configKey}`);
}

/** The key in the ConfigMap that the injector mounts, as the article has it. */
const configKey = 'sidecarconfig.yaml';

function configMapContent(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== 'ConfigMap') return undefined;
  const data = 'data' in value && typeof value.data === 'object' && value.data !== null ? value.data : {};
  return configKey in data && typeof data[configKey] === 'string' ? data[configKey] : '';
}
