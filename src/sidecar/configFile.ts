import { codedError, type CodedError } from '../errors.ts';
import { findSetting, settingProblem, type SettingValues } from '../settings/index.ts';
import { defaultAgent, isMetricsPort, leastMetricsPort, type AgentConfig, type SidecarConfig } from './config.ts';
import { isImageReference } from './image.ts';
import type { Container, LocalObjectReference, Volume } from './kubernetes.ts';
import { quantityAmount } from './quantity.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * The configuration in a parsed `sidecarconfig.yaml`, in either form: `agent:` and `settings:`, or a sidecar of the
 * user's own (`containers:`, `initContainers:`, `volumes:`).
 * @param where names the file in errors
 * @throws SIDECAR_CONFIG_INVALID, SETTING_UNKNOWN, SETTING_INVALID
 */
export function readSidecarConfig(value: unknown, where: string): SidecarConfig {
  const fail = (what: string): CodedError => codedError('SIDECAR_CONFIG_INVALID', what, { where });
  if (!isObject(value)) throw fail('the file holds no mapping');
  const keys = Object.keys(value);
  const unknown = keys.find((key) => ![...agentKeys, ...ownKeys].includes(key));
  if (unknown !== undefined) throw fail(`unknown key "${unknown}"; known are ${[...agentKeys, ...ownKeys].join(', ')}`);
  const own = ownKeys.filter((key) => key in value);
  if (own.length === 0) return { form: 'agent', agent: readAgent(value['agent'], fail), settings: readSettings(value['settings'], where, fail) };
  if (own.length < keys.length) throw fail('agent and settings cannot stand beside containers, initContainers or volumes');
  const config = {
    form: 'own',
    containers: readNamed<Container>(value['containers'], 'containers', fail),
    initContainers: readNamed<Container>(value['initContainers'], 'initContainers', fail),
    volumes: readNamed<Volume>(value['volumes'], 'volumes', fail),
  } as const;
  if (config.containers.length + config.initContainers.length === 0) throw fail('there is no container to add');
  return config;
}

const agentKeys: readonly string[] = ['agent', 'settings'];
const ownKeys: readonly string[] = ['containers', 'initContainers', 'volumes'];

function readAgent(value: unknown, fail: (what: string) => CodedError): AgentConfig {
  if (value == null) return defaultAgent;
  if (!isObject(value)) throw fail('agent must be a mapping');
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(defaultAgent, key));
  if (unknown !== undefined) throw fail(`unknown key "agent.${unknown}"; known are ${Object.keys(defaultAgent).join(', ')}`);
  const { image = defaultAgent.image, imagePullPolicy = defaultAgent.imagePullPolicy, resources = defaultAgent.resources } = value;
  const imagePullSecrets = readNamed<LocalObjectReference>(value['imagePullSecrets'], 'agent.imagePullSecrets', fail);
  if (typeof image !== 'string' || !isImageReference(image)) throw fail('agent.image must be the name of an image');
  if (typeof imagePullPolicy !== 'string' || !['Always', 'IfNotPresent', 'Never'].includes(imagePullPolicy)) {
    throw fail('agent.imagePullPolicy must be Always, IfNotPresent or Never');
  }
  if (!isObject(resources)) throw fail('agent.resources must be a mapping');
  const excessive = excessiveRequest(resources);
  if (excessive !== undefined) throw fail(`agent.resources.requests.${excessive} is more than its limit: the API server would refuse every pod`);
  return { image, imagePullPolicy, resources, imagePullSecrets, metricsPort: readMetricsPort(value['metricsPort'], fail) };
}

function readMetricsPort(value: unknown, fail: (what: string) => CodedError): number | undefined {
  if (value == null) return undefined;
  if (!isMetricsPort(value)) throw fail(`agent.metricsPort must be a port from ${leastMetricsPort} to 65535`);
  return value;
}

/** The name of a resource of which more is requested than the limit allows; undefined if there is none. */
function excessiveRequest({ requests, limits }: Json): string | undefined {
  if (!isObject(requests) || !isObject(limits)) return undefined;
  return Object.keys(requests).find((name) => quantityAmount(String(requests[name])) > quantityAmount(String(limits[name])));
}

function readSettings(value: unknown, where: string, fail: (what: string) => CodedError): SettingValues {
  if (value == null) return {};
  if (!isObject(value)) throw fail('settings must be a mapping');
  return Object.fromEntries(
    Object.entries(value).map(([name, raw]) => {
      if (findSetting(name) === undefined) throw codedError('SETTING_UNKNOWN', `there is no setting "${name}"`, { where });
      if (typeof raw !== 'string' && typeof raw !== 'number') throw fail(`settings.${name} must be a string or a number`);
      const problem = settingProblem(name, String(raw));
      if (problem !== undefined) throw codedError('SETTING_INVALID', `${name} "${raw}" ${problem}`, { where });
      return [name, String(raw)];
    }),
  );
}

function readNamed<T extends { readonly name: string }>(value: unknown, key: string, fail: (what: string) => CodedError): readonly T[] {
  if (value == null) return [];
  if (!Array.isArray(value)) throw fail(`${key} must be a list`);
  return value.map((item: unknown, index) => {
    if (!isObject(item) || typeof item['name'] !== 'string') throw fail(`${key}[${index}] has no name`);
    return item as unknown as T;
  });
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
