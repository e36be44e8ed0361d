import { formatBytes, formatMebibytes, parseQuantity } from './quantity.ts';
import { findSetting, type SettingName, type SettingValues } from './table.ts';
import { settingProblem } from './validate.ts';

/** The file being written may stand beside a full ring for a moment, and dumpcap checks the size after a packet. */
const spareFiles = 1;
const mebibyte = 1024 ** 2;
/** For file-system blocks, and for what the agent itself notes down. */
const spareBytes = 16 * mebibyte;
/**
 * The most whole mebibytes that parseQuantity reads; the capture agent refuses a larger ring, since it does not fit.
 */
export const largestVolumeBytes = Number.MAX_SAFE_INTEGER + 1 - mebibyte;

/**
 * Bytes that the volume of the capture files must be able to hold, for the ring that these settings ask for. A value
 * that is not valid counts as the default: the agent captures nothing with it.
 */
export function ringBytes(values: SettingValues): number {
  const { fileSize, fileCount } = ringOf(values);
  return (parseQuantity(fileSize) ?? 0) * (Number(fileCount) + spareFiles) + spareBytes;
}

/**
 * Bytes of the volume for such a ring: at most `most`, down to whole mebibytes. The agent refuses a ring that does not
 * fit, and says so.
 */
export function volumeBytes(values: SettingValues, most = largestVolumeBytes): number {
  return Math.min(ringBytes(values), mebibyte * Math.floor(most / mebibyte));
}

/** Why no volume may be as large as this ring needs it, with the arithmetic; undefined when one may. */
export function ringProblem(values: SettingValues, most: number): string | undefined {
  const bytes = ringBytes(values);
  if (bytes <= most) return undefined;
  return `${ringSum(values)}, more than the ${formatBytes(most)} that a volume may have`;
}

/** How large a volume the ring needs, with the arithmetic. */
export function ringSum(values: SettingValues): string {
  const { fileSize, fileCount } = ringOf(values);
  return `file-size ${fileSize} x (file-count ${fileCount} + ${spareFiles}) + ${formatMebibytes(spareBytes)} = ${formatBytes(ringBytes(values))}`;
}

/**
 * Whether the agent takes the ring, for a volume of so many bytes: as checkRing in agent/internal/settings/parse.go has
 * it.
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
