import { leftOutReasons } from '../../inject/index.ts';
import type { PodTemplate } from '../../kubernetes/api/types.ts';
import {
  annotationPrefix,
  fitsVolume,
  formatBytes,
  lockProblem,
  parseQuantity,
  platformOf,
  ringSum,
  settingEnvironment,
  settingRefusal,
  settings,
  settingsOfAnnotations,
  type Platform,
  type SettingName,
  type SettingValues,
} from '../../settings/index.ts';
import { containerName, hasInvalidAmount, settingsOfPod } from '../../sidecar/index.ts';
import type { Condition } from './conditions.ts';

/**
 * What a pod that carries the sidecar asks for in vain: amounts that are none, and more files than its volume holds.
 * Pure.
 */
export function fitOfSidecar({ metadata, spec }: PodTemplate): Condition[] {
  const annotations = metadata?.annotations ?? {};
  const agent = spec?.initContainers?.find(({ name }) => name === containerName);
  if (agent === undefined) return [];
  const env = (agent['env'] ?? []) as readonly { readonly name: string; readonly value?: string }[];
  // The API server leaves out a value that is empty.
  const environment = Object.fromEntries(env.map(({ name, value = '' }) => [name, value]));
  const valueOf = (name: string): string => environment[name] ?? '';
  const defaults: SettingValues = Object.fromEntries(
    settings.map(({ name }) => [name, valueOf(settingEnvironment(name))]),
  );
  const values = settingsOfPod({ settings: defaults }, settingsOfAnnotations(annotations));
  const volume = parseQuantity(valueOf('PACKET_CAPTURE_SIZE_LIMIT'));
  return [
    ...refusedSettings(settingsOfAnnotations(annotations), platformOf(environment)),
    ...(hasInvalidAmount(annotations) ? [{ met: false, what: `it goes ${leftOutReasons.amount}` }] : []),
    ...(volume === undefined || fitsVolume(values, volume)
      ? []
      : [
          {
            met: false,
            what: `its volume of ${formatBytes(volume)} is too small for its files, so it captures nothing: ${ringSum(values)}`,
          },
        ]),
  ];
}

/** What the annotations say in vain: values that are not valid, and those that the release does not allow. */
function refusedSettings(values: SettingValues, platform: Platform): Condition[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const name = key as SettingName;
    const refusal = settingRefusal(name, value, platform);
    return refusal === undefined
      ? []
      : [{ met: false, what: `its annotation ${annotationPrefix}${refusal}; ${effectOf(name, value, platform)}` }];
  });
}

function effectOf(name: SettingName, value: string, platform: Platform): string {
  if (lockProblem(name, value, platform) !== undefined) return 'it has no effect';
  return places.includes(name) ? 'the capture goes on without it' : 'nothing is captured';
}

/** They say where packets go beside the volume. */
const places: readonly SettingName[] = ['upload', 'stream', 'mirror'];
