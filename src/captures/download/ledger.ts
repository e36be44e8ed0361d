import type { FetchedFile } from './fetchFile.ts';
import type { RemoteFile } from './listing.ts';

/** Sums over all pods. They grow as pods are listed, so a total is final only when the last pod has been listed. */
export interface DownloadProgress {
  /** The bytes of the files to fetch. */
  readonly files: number;
  readonly filesDone: number;
  readonly bytes: number;
  readonly bytesDone: number;
}

/** Adds up what is to come and what has come, over all pods. */
export interface Ledger {
  readonly expect: (files: readonly RemoteFile[]) => void;
  readonly received: (bytes: number) => void;
  readonly done: (file: RemoteFile, result: FetchedFile) => void;
}

/** A ledger of zeros. @param onProgress gets the same object at each change, with the new sums */
export function createLedger(onProgress: (progress: DownloadProgress) => void): Ledger {
  const sums = { files: 0, filesDone: 0, bytes: 0, bytesDone: 0 };
  return {
    expect: (files) => {
      sums.files += files.length;
      sums.bytes += files.reduce((sum, { bytes }) => sum + bytes, 0);
      onProgress(sums);
    },
    received: (bytes) => {
      sums.bytesDone += bytes;
      onProgress(sums);
    },
    done: (file, { result }) => {
      sums.filesDone += 1;
      if (result === 'present') sums.bytesDone += file.bytes;
      onProgress(sums);
    },
  };
}
