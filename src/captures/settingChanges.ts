import { plainText } from '../plainText.ts';
import {
  findSetting,
  fitsVolume,
  formatMebibytes,
  settingAnnotation,
  settingProblem,
  settingsOfAnnotations,
  type SettingName,
  type SettingValues,
} from '../settings/index.ts';
import type { Annotations } from './annotate.ts';
import type { CapturedPod } from './findPods.ts';

/** A setting's annotation, before and after. */
export interface SettingChange {
  readonly setting: SettingName;
  /** Null when there is no annotation, so that the default applies. */
  readonly old: string | null;
  readonly new: string | null;
}

/**
 * The changes of annotations for these settings. An empty value removes the annotation; the agent treats an empty
 * annotation like a missing one. Pure.
 */
export function settingChanges(annotations: Readonly<Record<string, string>>, wanted: SettingValues): SettingChange[] {
  return (Object.entries(wanted) as [SettingName, string][]).flatMap(([setting, value]) => {
    const old = annotations[settingAnnotation(setting)] ?? '';
    return old === value ? [] : [{ setting, old: old === '' ? null : old, new: value === '' ? null : value }];
  });
}

/** The annotations for a JSON merge patch: null removes one. */
export function changedAnnotations(changes: readonly SettingChange[]): Annotations {
  return Object.fromEntries(changes.map((change) => [settingAnnotation(change.setting), change.new]));
}

/** `state idle → running, filter none → "tcp port 443"` */
export function changesText(changes: readonly SettingChange[]): string {
  const text = ({ setting, old, new: value }: SettingChange): string =>
    `${setting} ${valueText(setting, old)} → ${valueText(setting, value)}`;
  return changes.map(text).join(', ');
}

function valueText(setting: SettingName, value: string | null): string {
  if (value === null) return 'default';
  return findSetting(setting)?.type === 'text' ? `"${plainText(value, 100)}"` : plainText(value, 100);
}

/**
 * Why the agent would refuse the ring of these settings: the size of the volume was fixed when the pod was created. The
 * rule is fitsVolume.
 */
export function changedRingProblem(
  pod: Pick<CapturedPod, 'annotations' | 'defaults' | 'volumeBytes'>,
  wanted: SettingValues,
): string | undefined {
  if (wanted['file-size'] === undefined && wanted['file-count'] === undefined) return undefined;
  const given = { ...settingsOfAnnotations(pod.annotations), ...wanted };
  const values = effectiveValues(pod, {
    'file-size': given['file-size'] ?? '',
    'file-count': given['file-count'] ?? '',
  });
  const { 'file-size': size = '', 'file-count': count = '' } = values;
  // Of a value that is not valid the agent says that first.
  const isValid = settingProblem('file-size', size) === undefined && settingProblem('file-count', count) === undefined;
  if (!isValid || pod.volumeBytes === undefined || fitsVolume(values, pod.volumeBytes)) return undefined;
  return `${count} files of ${size}, and a spare one, do not fit into its volume of ${formatMebibytes(pod.volumeBytes)}`;
}

/** The changes that an agent notices: an annotation with the value of the default changes nothing for it. */
export function effectiveChanges(pod: Pick<CapturedPod, 'defaults'>, changes: readonly SettingChange[]): SettingName[] {
  return changes
    .map(({ setting }) => setting)
    .filter((setting, index) => {
      const valueOf = (side: 'old' | 'new'): string | undefined =>
        effectiveValues(pod, { [setting]: changes[index]?.[side] ?? '' })[setting];
      return valueOf('old') !== valueOf('new');
    });
}

/** The values that the agent should use for these settings, defaults included. */
export function effectiveValues({ defaults }: Pick<CapturedPod, 'defaults'>, wanted: SettingValues): SettingValues {
  const entries = (Object.entries(wanted) as [SettingName, string][]).map(([setting, value]) => {
    return [setting, value || defaults[setting] || findSetting(setting)?.default || ''] as const;
  });
  return Object.fromEntries(entries);
}
