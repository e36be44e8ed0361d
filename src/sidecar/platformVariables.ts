import {
  allowedKeys,
  parseQuantity,
  platformEnvironment,
  platformOf,
  settingEnvironment,
  type Platform,
  type PlatformKey,
  type SettingName,
} from '../settings/index.ts';
import { defaultMaxBufferSize, type AgentConfig, type AgentSidecarConfig } from './config.ts';

/** What a release allows, as text by the keys of its configuration, without the defaults. */
export function platformTexts(agent: AgentConfig): Partial<Record<PlatformKey, string>> {
  const { maxBufferSize = defaultMaxBufferSize } = agent;
  const texts: Partial<Record<PlatformKey, string>> = {};
  if (parseQuantity(maxBufferSize) !== parseQuantity(defaultMaxBufferSize)) texts.maxBufferSize = maxBufferSize;
  for (const key of allowedKeys) {
    const list = agent[key];
    if (list !== undefined && !list.includes('*')) texts[key] = list.join(' ');
  }
  for (const key of ['uploadProxy', 'uploadNoProxy'] as const) {
    const text = agent[key] ?? '';
    if (text !== '') texts[key] = text;
  }
  return texts;
}

/** The same as environment variables of the sidecar. */
export function platformVariables(agent: AgentConfig): readonly { readonly name: string; readonly value: string }[] {
  const texts = Object.entries(platformTexts(agent)) as readonly (readonly [PlatformKey, string])[];
  return texts.map(([key, value]) => ({ name: platformEnvironment[key], value }));
}

/** The platform by which the agent of a configuration will judge settings. */
export function platformOfConfig({ agent, settings }: Pick<AgentSidecarConfig, 'agent' | 'settings'>): Platform {
  const defaults = Object.entries(settings).map(([name, value]) => [settingEnvironment(name as SettingName), value]);
  return platformOf(
    Object.fromEntries([...defaults, ...platformVariables(agent).map(({ name, value }) => [name, value])]) as Record<
      string,
      string
    >,
  );
}
