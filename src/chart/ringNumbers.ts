import { findSetting, formatMebibytes, spareBytes, spareFiles } from '../settings/index.ts';
import { defaultMaxBufferSize, defaultMaxVolumeSize } from '../sidecar/index.ts';

/** The numbers of the rule in src/settings/ring.ts, for `packet-capture.ring` in the chart's templates. */
export const ring = {
  fileSize: findSetting('file-size')?.default,
  fileCount: findSetting('file-count')?.default,
  bufferSize: findSetting('buffer-size')?.default,
  spareFiles,
  spareBytes,
  /** The same as text, for messages. */
  spare: formatMebibytes(spareBytes),
  maxVolumeSize: defaultMaxVolumeSize,
  maxBufferSize: defaultMaxBufferSize,
} as const;
