import { formatMebibytes, parseQuantity, preciseBytes } from '../quantity.ts';
import { findSetting, type SettingName, type SettingValues } from './table.ts';
import { settingProblem } from './validate.ts';

/** The agent keeps file-count closed files next to the open one (agent/internal/record). */
export const spareFiles = 1;
const mebibyte = 1024 ** 2;
/** Bytes for file-system blocks and for the agent's own notes. */
export const spareBytes = 16 * mebibyte;
/**
 * The most whole mebibytes that parseQuantity reads; the capture agent refuses a larger ring, since it does not fit.
 */
export const largestVolumeBytes = Number.MAX_SAFE_INTEGER + 1 - mebibyte;

/** The settings from which the size of the volume of the capture files follows ({@link volumeBytes}). */
export const volumeSettings = ['file-size', 'file-count', 'keep-size'] as const satisfies readonly SettingName[];

/**
 * Bytes that the volume of the capture files must be able to hold, for the ring that these settings ask for. A value
 * that is not valid counts as the default: the agent captures nothing with it.
 */
export function ringBytes(values: SettingValues): number {
  const { fileSize, fileCount } = ringOf(values);
  return (parseQuantity(fileSize) ?? 0) * (Number(fileCount) + spareFiles) + spareBytes;
}

/** Bytes for kept files next to the ring. A value that is not valid counts as the default. */
export function keepBytes(values: SettingValues): number {
  return parseQuantity(effective(values, 'keep-size')) ?? 0;
}

/**
 * Bytes of the volume for such a ring and for kept files, but not more than `most` in whole mebibytes. The agent
 * refuses a ring that does not fit, and reports it; kept files get what is left (budget in agent/internal/agent).
 */
export function volumeBytes(values: SettingValues, most = largestVolumeBytes): number {
  return Math.min(ringBytes(values) + keepBytes(values), mebibyte * Math.floor(most / mebibyte));
}

/** Why the ring does not fit into the largest allowed volume, with the arithmetic; undefined when it fits. */
export function volumeLimitProblem(values: SettingValues, most: number): string | undefined {
  const bytes = ringBytes(values);
  if (bytes <= most) return undefined;
  return `${ringSum(values)}, more than the ${preciseBytes(most)} that a volume may have`;
}

/** The size of the volume that the ring needs, with the arithmetic. */
export function ringSum(values: SettingValues): string {
  const { fileSize, fileCount } = ringOf(values);
  return `file-size ${fileSize} x (file-count ${fileCount} + ${spareFiles}) + ${formatMebibytes(spareBytes)} = ${preciseBytes(ringBytes(values))}`;
}

/**
 * Whether the agent accepts the ring for a volume of so many bytes; as checkRing in agent/internal/settings/check.go.
 */
export function fitsVolume(values: SettingValues, bytes: number): boolean {
  const { fileSize, fileCount } = ringOf(values);
  return Math.floor(bytes / (parseQuantity(fileSize) ?? 1)) > Number(fileCount);
}

function ringOf(values: SettingValues): { readonly fileSize: string; readonly fileCount: string } {
  return { fileSize: effective(values, 'file-size'), fileCount: effective(values, 'file-count') };
}

function effective(values: SettingValues, name: SettingName): string {
  const value = values[name] ?? '';
  const valid = value !== '' && settingProblem(name, value) === undefined;
  return valid ? value : (findSetting(name)?.default ?? '');
}
