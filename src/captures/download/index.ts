export { downloadFiles, type DownloadedWindow, type DownloadOptions, type DownloadResult } from './downloadFiles.ts';
export { noteName, readNote } from './fetchKept.ts';
export type { DownloadProgress } from './ledger.ts';
export type { FetchedFile } from './fetchFile.ts';
export { mergeInto, type MergeOutcome } from './merge.ts';
