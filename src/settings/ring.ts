import { parseQuantity } from './quantity.ts';
import { findSetting, type SettingName, type SettingValues } from './table.ts';
import { settingProblem } from './validate.ts';

/** The file being written may stand beside a full ring for a moment, and dumpcap checks the size after a packet. */
const spareFiles = 1;
/** For file-system blocks, and for what the agent itself notes down. */
const spareBytes = 16 * 1024 ** 2;
/** The most whole mebibytes that parseQuantity reads; the capture agent refuses a larger ring, since it does not fit. */
export const largestVolumeBytes = Number.MAX_SAFE_INTEGER + 1 - 1024 ** 2;

/**
 * Bytes that the volume of the capture files must be able to hold, for the ring that these settings ask for;
 * {@link largestVolumeBytes} at most.
 * A value that is not valid counts as the default: the agent captures nothing with it.
 */
export function volumeBytes(values: SettingValues): number {
  const fileSize = parseQuantity(effective(values, 'file-size')) ?? 0;
  const fileCount = Number(effective(values, 'file-count'));
  return Math.min(fileSize * (fileCount + spareFiles) + spareBytes, largestVolumeBytes);
}

function effective(values: SettingValues, name: SettingName): string {
  const value = values[name] ?? '';
  const valid = value !== '' && settingProblem(name, value) === undefined;
  return valid ? value : (findSetting(name)?.default ?? '');
}
