export { downloadFiles, type DownloadOptions, type DownloadProgress, type DownloadResult } from './download.ts';
export type { FetchedFile } from './fetchFile.ts';
export { mergeInto, type MergeOutcome } from './merge.ts';
