import type { CodedError } from '../errors.ts';
import {
  allowedKeys,
  allowedLists,
  bounds,
  parseQuantity,
  settingProblem,
  shortestQuantity,
  type AllowedKey,
  type SettingValues,
} from '../settings/index.ts';
import { defaultAgent, uploadKeys, uploadPatterns, type AgentConfig } from './config.ts';
import { platformOfConfig } from './platformVariables.ts';

type Fail = (what: string) => CodedError;
type PlatformConfig = Pick<AgentConfig, 'maxBufferSize' | AllowedKey | (typeof uploadKeys)[number]>;

/** Reads from `agent:` what a release allows (`maxBufferSize` and the lists), and how uploads reach the network. */
export function readPlatform(agent: Readonly<Record<string, unknown>>, fail: Fail): PlatformConfig {
  const lists = allowedKeys.map((key) => [key, readList(key, agent[key], fail)]);
  const uploads = uploadKeys.map((key) => [key, readUpload(key, agent[key], fail)]);
  return {
    maxBufferSize: readMaxBufferSize(agent['maxBufferSize'], fail),
    ...Object.fromEntries([...lists, ...uploads]),
  } as PlatformConfig;
}

function readMaxBufferSize(value: unknown, fail: Fail): string | undefined {
  if (value == null) return defaultAgent.maxBufferSize;
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const bytes = parseQuantity(text) ?? 0;
  if (bytes < bounds.leastBytes || bytes > bounds.largestBufferLimit) {
    throw fail(
      `agent.maxBufferSize must be a quantity such as 64Mi, from 1Mi to ${shortestQuantity(bounds.largestBufferLimit)}`,
    );
  }
  return text;
}

function readList(key: AllowedKey, value: unknown, fail: Fail): readonly string[] | undefined {
  if (value == null) return defaultAgent[key];
  if (!Array.isArray(value)) throw fail(`agent.${key} must be a list`);
  return value.map((item: unknown) => {
    if (typeof item === 'string' && new RegExp(allowedLists[key].pattern).test(item)) return item;
    throw fail(`agent.${key}: ${JSON.stringify(item)} is ${allowedLists[key].invalid}`);
  });
}

/** The message does not contain the value, which may contain credentials. */
function readUpload(key: (typeof uploadKeys)[number], value: unknown, fail: Fail): string | undefined {
  if (value == null) return defaultAgent[key];
  if (typeof value === 'string' && new RegExp(uploadPatterns[key]).test(value)) return value;
  throw fail(`agent.${key} must be ${uploadWhat[key]}`);
}

const uploadWhat = {
  uploadProxy:
    'http://HOST:PORT or https://HOST:PORT, without credentials: these belong in the key proxy of the Secret packet-capture-upload',
  uploadNoProxy: 'hosts, addresses and networks, separated by commas',
  uploadCA: 'the name of a ConfigMap',
} as const;

/** Checks the default buffer against the limit: without this, pods with the default buffer would capture nothing. */
export function refuseLargeBuffer(agent: AgentConfig, settings: SettingValues, fail: Fail): void {
  const platform = platformOfConfig({ agent, settings });
  const size = platform.defaults['buffer-size'] ?? '';
  const problem = settingProblem('buffer-size', size, platform);
  if (problem !== undefined) throw fail(`the buffer-size ${size} is more than agent.maxBufferSize: it ${problem}`);
}
