export {
  downloadFiles,
  type DownloadedWindow,
  type DownloadOptions,
  type DownloadProgress,
  type DownloadResult,
} from './downloadFiles.ts';
export type { FetchedFile } from './fetchFile.ts';
export { mergeInto, type MergeOutcome } from './merge.ts';
