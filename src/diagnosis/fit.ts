import { leftOutReasons } from '../inject/index.ts';
import { fitsVolume, formatBytes, parseQuantity, ringSum, settingEnvironment, settings, settingsOfAnnotations, type SettingValues } from '../settings/index.ts';
import { containerName, hasInvalidAmount, settingsOfPod, type PodTemplate } from '../sidecar/index.ts';
import type { Condition } from './conditions.ts';

/** What a pod that carries the sidecar asks for in vain: amounts that are none, and more files than its volume holds. Pure. */
export function fitOfSidecar({ metadata, spec }: PodTemplate): Condition[] {
  const annotations = metadata?.annotations ?? {};
  const agent = spec?.initContainers?.find(({ name }) => name === containerName);
  if (agent === undefined) return [];
  const env = (agent['env'] ?? []) as readonly { readonly name: string; readonly value?: string }[];
  const valueOf = (name: string): string => env.find((variable) => variable.name === name)?.value ?? '';
  const defaults: SettingValues = Object.fromEntries(settings.map(({ name }) => [name, valueOf(settingEnvironment(name))]));
  const values = settingsOfPod({ settings: defaults }, settingsOfAnnotations(annotations));
  const volume = parseQuantity(valueOf('PACKET_CAPTURE_SIZE_LIMIT'));
  return [
    ...(hasInvalidAmount(annotations) ? [{ met: false, what: `it goes ${leftOutReasons.amount}` }] : []),
    ...(volume === undefined || fitsVolume(values, volume)
      ? []
      : [{ met: false, what: `its volume of ${formatBytes(volume)} is too small for its files, so it captures nothing: ${ringSum(values)}` }]),
  ];
}
