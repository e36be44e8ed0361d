import { leftOutReasons } from '../../inject/index.ts';
import type { PodTemplate } from '../../kubernetes/api/types.ts';
import {
  agentVariables,
  annotationPrefix,
  fitsVolume,
  isHarmless,
  lockProblem,
  parseQuantity,
  preciseBytes,
  platformOf,
  ringSum,
  settingEnvironment,
  settingRefusal,
  standingSettings,
  settingsOfAnnotations,
  type Platform,
  type SettingName,
  type SettingValues,
} from '../../settings/index.ts';
import { containerName, hasInvalidAmount, settingsOfPod } from '../../sidecar/index.ts';
import type { Condition } from './conditions.ts';

/**
 * Requests of an injected pod that have no effect: invalid values and amounts, and more files than fit its volume.
 * Pure.
 */
export function fitOfSidecar({ metadata, spec }: PodTemplate): Condition[] {
  const annotations = metadata?.annotations ?? {};
  const agent = spec?.initContainers?.find(({ name }) => name === containerName);
  if (agent === undefined) return [];
  const env = (agent['env'] ?? []) as readonly { readonly name: string; readonly value?: string }[];
  // The API server omits empty values.
  const environment = Object.fromEntries(env.map(({ name, value = '' }) => [name, value]));
  const valueOf = (name: string): string => environment[name] ?? '';
  const defaults: SettingValues = Object.fromEntries(
    standingSettings.map(({ name }) => [name, valueOf(settingEnvironment(name))]),
  );
  const values = settingsOfPod({ settings: defaults }, settingsOfAnnotations(annotations));
  const volume = parseQuantity(valueOf(agentVariables.sizeLimit));
  return [
    ...refusedSettings(settingsOfAnnotations(annotations), platformOf(environment)),
    ...(hasInvalidAmount(annotations) ? [{ met: false, what: `it runs ${leftOutReasons.amount}` }] : []),
    ...(volume === undefined || fitsVolume(values, volume)
      ? []
      : [
          {
            met: false,
            what: `its volume of ${preciseBytes(volume)} is too small for its files, so it captures nothing: ${ringSum(values)}`,
          },
        ]),
  ];
}

/** Annotations that have no effect: values that are not valid, or that the release does not allow. */
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
  return isHarmless(name) ? 'the capture continues without it' : 'nothing is captured';
}
