import { codedError, type CodedError } from '../errors.ts';
import type { Container, LocalObjectReference, Volume } from '../kubernetes/api/types.ts';
import { quantityAmount } from '../quantity.ts';
import {
  findSetting,
  parseQuantity,
  volumeLimitProblem,
  settingAnnotation,
  settingRefusal,
  type SettingValues,
} from '../settings/index.ts';
import {
  defaultAgent,
  defaultMaxVolumeSize,
  isMetricsPort,
  leastMetricsPort,
  maxVolumeBytes,
  runtimeClassPattern,
  type AgentConfig,
  type SidecarConfig,
} from './config.ts';
import { isImageReference } from './image.ts';
import { readPlatform, refuseLargeBuffer } from './platformFile.ts';
import { largestId, type AgentSecurityContext } from './securityContext.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * The configuration in a parsed `sidecarconfig.yaml`, in one of two forms: `agent:` and `settings:`, or a custom
 * sidecar (`containers:`, `initContainers:`, `volumes:`).
 * @param where the name of the file in errors
 * @throws SIDECAR_CONFIG_INVALID, SETTING_UNKNOWN, SETTING_INVALID
 */
export function readSidecarConfig(value: unknown, where: string): SidecarConfig {
  const fail = (what: string): CodedError => codedError('SIDECAR_CONFIG_INVALID', what, { where });
  if (!isObject(value)) throw fail('the file must be a mapping');
  const keys = Object.keys(value);
  const unknown = keys.find((key) => !known.includes(key));
  if (unknown !== undefined) throw fail(`unknown key "${unknown}"; known are ${known.join(', ')}`);
  const common = readSkipped(value['skipRuntimeClasses'], fail);
  if (!customKeys.some((key) => key in value)) {
    const agent = readAgent(value['agent'], fail);
    const settings = readSettings(value['settings'], where, fail);
    const problem = volumeLimitProblem(settings, maxVolumeBytes(agent));
    if (problem !== undefined) throw fail(`the capture files do not fit into agent.maxVolumeSize: ${problem}`);
    refuseLargeBuffer(agent, settings, fail);
    return { form: 'agent', agent, settings, ...common };
  }
  if (agentKeys.some((key) => key in value))
    throw fail('agent and settings cannot be combined with containers, initContainers or volumes');
  const config = {
    form: 'custom',
    containers: readNamed<Container>(value['containers'], 'containers', fail),
    initContainers: readNamed<Container>(value['initContainers'], 'initContainers', fail),
    volumes: readNamed<Volume>(value['volumes'], 'volumes', fail),
    ...common,
  } as const;
  if (config.containers.length + config.initContainers.length === 0) throw fail('there is no container to add');
  return config;
}

const agentKeys: readonly string[] = ['agent', 'settings'];
const customKeys: readonly string[] = ['containers', 'initContainers', 'volumes'];
const known: readonly string[] = [...agentKeys, ...customKeys, 'skipRuntimeClasses'];

function readSkipped(value: unknown, fail: (what: string) => CodedError): Pick<SidecarConfig, 'skipRuntimeClasses'> {
  if (value == null) return {};
  if (!Array.isArray(value)) throw fail('skipRuntimeClasses must be a list');
  const names = value.map((name: unknown) => {
    if (typeof name === 'string' && skippable.test(name)) return name;
    throw fail(
      `skipRuntimeClasses: ${JSON.stringify(name)} is not the name of a runtime class, optionally with * at the end`,
    );
  });
  return { skipRuntimeClasses: names };
}

const skippable = new RegExp(runtimeClassPattern);

function readAgent(value: unknown, fail: (what: string) => CodedError): AgentConfig {
  if (value == null) return defaultAgent;
  if (!isObject(value)) throw fail('agent must be a mapping');
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(defaultAgent, key));
  if (unknown !== undefined)
    throw fail(`unknown key "agent.${unknown}"; known are ${Object.keys(defaultAgent).join(', ')}`);
  const {
    image = defaultAgent.image,
    imagePullPolicy = defaultAgent.imagePullPolicy,
    resources = defaultAgent.resources,
  } = value;
  const imagePullSecrets = readNamed<LocalObjectReference>(value['imagePullSecrets'], 'agent.imagePullSecrets', fail);
  if (typeof image !== 'string' || !isImageReference(image)) throw fail('agent.image must be the name of an image');
  if (typeof imagePullPolicy !== 'string' || !['Always', 'IfNotPresent', 'Never'].includes(imagePullPolicy)) {
    throw fail('agent.imagePullPolicy must be Always, IfNotPresent or Never');
  }
  if (!isObject(resources)) throw fail('agent.resources must be a mapping');
  const excessive = excessiveRequest(resources);
  if (excessive !== undefined)
    throw fail(`agent.resources.requests.${excessive} is more than its limit: the API server would refuse every pod`);
  return {
    image,
    imagePullPolicy,
    resources,
    imagePullSecrets,
    metricsPort: readMetricsPort(value['metricsPort'], fail),
    maxVolumeSize: readMaxVolumeSize(value['maxVolumeSize'], fail),
    ...readPlatform(value, fail),
    securityContext: readSecurityContext(value['securityContext'], fail),
  };
}

const securityKeys: readonly string[] = ['runAsUser', 'runAsGroup', 'seccompProfile'];

/** Keeps a null, which leaves the field out of the pod. */
function readSecurityContext(value: unknown, fail: (what: string) => CodedError): AgentSecurityContext {
  if (value == null) return {};
  if (!isObject(value)) throw fail('agent.securityContext must be a mapping');
  const unknown = Object.keys(value).find((key) => !securityKeys.includes(key));
  if (unknown !== undefined)
    throw fail(`agent.securityContext.${unknown} is fixed; only these can be set: ${securityKeys.join(', ')}`);
  const { runAsUser, runAsGroup, seccompProfile } = value;
  if (!isId(runAsUser, 1))
    throw fail(`agent.securityContext.runAsUser must be a user from 1 to ${largestId}, or null to leave it out`);
  if (!isId(runAsGroup, 0))
    throw fail(`agent.securityContext.runAsGroup must be a group from 0 to ${largestId}, or null to leave it out`);
  if (seccompProfile != null && JSON.stringify(seccompProfile) !== '{"type":"RuntimeDefault"}') {
    throw fail('agent.securityContext.seccompProfile must be {type: RuntimeDefault}, or null to leave it out');
  }
  return {
    ...(runAsUser === undefined ? {} : { runAsUser }),
    ...(runAsGroup === undefined ? {} : { runAsGroup }),
    ...(seccompProfile === undefined
      ? {}
      : { seccompProfile: seccompProfile === null ? null : { type: 'RuntimeDefault' } }),
  };
}

function isId(value: unknown, least: number): value is number | null | undefined {
  return (
    value == null || (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= largestId)
  );
}

function readMaxVolumeSize(value: unknown, fail: (what: string) => CodedError): string {
  if (value == null) return defaultMaxVolumeSize;
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  if ((parseQuantity(text) ?? 0) < 1024 ** 2)
    throw fail('agent.maxVolumeSize must be a quantity such as 10Gi, at least 1Mi');
  return text;
}

function readMetricsPort(value: unknown, fail: (what: string) => CodedError): number | undefined {
  if (value == null) return undefined;
  if (!isMetricsPort(value)) throw fail(`agent.metricsPort must be a port from ${leastMetricsPort} to 65535`);
  return value;
}

/** The name of a resource whose request is above its limit; undefined without one. */
function excessiveRequest({ requests, limits }: Json): string | undefined {
  if (!isObject(requests) || !isObject(limits)) return undefined;
  const amountIn = (amounts: Json, name: string): number => quantityAmount(String(amounts[name]));
  // A limit of zero means no limit.
  return Object.keys(requests).find(
    (name) => amountIn(limits, name) > 0 && amountIn(requests, name) > amountIn(limits, name),
  );
}

function readSettings(value: unknown, where: string, fail: (what: string) => CodedError): SettingValues {
  if (value == null) return {};
  if (!isObject(value)) throw fail('settings must be a mapping');
  return Object.fromEntries(
    Object.entries(value).map(([name, raw]) => {
      const setting = findSetting(name);
      if (setting === undefined) throw codedError('SETTING_UNKNOWN', `there is no setting "${name}"`, { where });
      if (setting.action === true)
        throw fail(
          `settings.${name} has no default: each pod is asked by its annotation ${settingAnnotation(setting.name)}`,
        );
      if (typeof raw !== 'string' && typeof raw !== 'number')
        throw fail(`settings.${name} must be a string or a number`);
      const refusal = settingRefusal(name, String(raw));
      if (refusal !== undefined) throw codedError('SETTING_INVALID', refusal, { where });
      return [name, String(raw)];
    }),
  );
}

function readNamed<T extends { readonly name: string }>(
  value: unknown,
  key: string,
  fail: (what: string) => CodedError,
): readonly T[] {
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
