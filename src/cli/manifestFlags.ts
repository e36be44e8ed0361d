import type { Command } from 'commander';
import { collect } from './collect.ts';

/** The flags that say which manifests are read and where the result goes. */
export interface ManifestFlags {
  readonly filename: readonly string[];
  readonly recursive?: boolean;
  readonly inPlace?: boolean;
  readonly dryRun?: boolean;
}

export function addManifestFlags(command: Command): Command {
  return command
    .requiredOption('-f, --filename <FILE>', 'a file, a folder, or - for standard input; may be repeated', collect)
    .option('-R, --recursive', 'look into subfolders too')
    .option('--in-place', 'replace the files instead of printing to standard output')
    .option('--dry-run', 'print only the report');
}
