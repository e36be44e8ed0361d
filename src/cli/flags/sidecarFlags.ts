import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { codedError, isCodedError, type CodedError } from '../../errors.ts';
import { volumeLimitProblem, settingRefusal, type SettingValues } from '../../settings/index.ts';
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

/** Which sidecar is injected: a file, or the agent with another image. The image wins over the file's. */
export interface SidecarFlags {
  readonly sidecarConfig?: string;
  readonly image?: string;
  readonly imagePullPolicy?: string;
  /** The content of sidecarconfig.yaml, from a function config. */
  readonly sidecarConfigText?: string;
}

/** Adds the flags for the sidecar. */
export function addSidecarFlags(command: Command): Command {
  return command
    .option('--sidecar-config <FILE>', 'sidecarconfig.yaml, or a ConfigMap with it; see docs/sidecarconfig.md')
    .option(
      '--image <IMAGE>',
      "the agent's image, best with its digest (default: agent.image of that file, otherwise $PACKET_CAPTURE_IMAGE)",
    )
    .addOption(
      new Option('--image-pull-policy <POLICY>', "that image's policy").choices(['Always', 'IfNotPresent', 'Never']),
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
    throw codedError('USAGE', '--image and --image-pull-policy cannot be used with a custom sidecar', {
      where: '--sidecar-config',
      hint: 'Name the image in the file.',
    });
  }
  const image = imageOf(config.agent.image, flags);
  const { imagePullPolicy = config.agent.imagePullPolicy } = flags;
  return { ...config, agent: { ...config.agent, image, imagePullPolicy } };
}

/** Whether the flags define the sidecar; then an existing sidecar is replaced. */
export function namesSidecar(flags: SidecarFlags): boolean {
  return [flags.sidecarConfig, flags.sidecarConfigText, flags.image, flags.imagePullPolicy].some(
    (flag) => flag !== undefined,
  );
}

/**
 * A custom sidecar reads no settings, and the file defines its resources.
 * @throws USAGE when the flags have settings or resources for it
 */
export function refuseWithCustomSidecar(
  { form }: SidecarConfig,
  settings: SettingValues,
  amounts: SidecarAmounts = {},
): void {
  if (form !== 'custom') return;
  const where = '--sidecar-config';
  if (Object.keys(settings).length > 0)
    throw codedError('USAGE', 'settings cannot be used with a custom sidecar: it does not read them', { where });
  const [amount] = Object.keys(amounts);
  if (amount !== undefined)
    throw codedError('USAGE', `--${amount} cannot be used with a custom sidecar: the file defines its resources`, {
      where,
    });
}

/**
 * Refuses settings whose files need a larger volume than allowed: the flags, with the configuration as defaults.
 * @throws SETTING_INVALID
 */
export function refuseLargeRing(config: SidecarConfig, settings: SettingValues): void {
  if (config.form === 'custom') return;
  const problem = volumeLimitProblem(settingsOfPod(config, settings), maxVolumeBytes(config.agent));
  if (problem === undefined) return;
  throw codedError('SETTING_INVALID', `the files of a capture are too large together: ${problem}`, {
    where: '--file-size, --file-count',
    hint: 'Take fewer or smaller files, or set agent.maxVolumeSize in the file of --sidecar-config.',
  });
}

/**
 * Refuses settings that the configuration does not allow, because the agent would refuse them later.
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

/** The flag wins, then the file, then the environment. @throws USAGE for a name that the kubelet cannot read */
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
 * The error about a sidecar without the name of an image: its pods would never start.
 * @returns an IMAGE_NOT_NAMED to throw or to warn with; undefined when an image is named
 */
export function imageProblem(config: SidecarConfig): CodedError | undefined {
  if (config.form === 'custom' || !isPlaceholderImage(config.agent.image)) return undefined;
  return codedError(
    'IMAGE_NOT_NAMED',
    `no image is named for the capture agent: ${config.agent.image} cannot be pulled`,
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

/** The content of sidecarconfig.yaml in a ConfigMap, the key that the injector mounts; undefined for other objects. */
const configKey = 'sidecarconfig.yaml';

function configMapContent(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== 'ConfigMap') return undefined;
  const data = 'data' in value && typeof value.data === 'object' && value.data !== null ? value.data : {};
  return configKey in data && typeof data[configKey] === 'string' ? data[configKey] : '';
}
