import type { Command } from 'commander';
import { collect } from './connectionFlags.ts';

/** The flags that select the manifests to read. */
export interface InputFlags {
  readonly filename: readonly string[];
  readonly recursive?: boolean;
}

/** The same, and the flags for the output. */
export interface ManifestFlags extends InputFlags {
  readonly inPlace?: boolean;
  readonly dryRun?: boolean;
}

/** Adds the flags that name the manifests to read. */
export function addInputFlags(command: Command): Command {
  return command
    .requiredOption('-f, --filename <FILE>', 'a file, a folder, or - for standard input; may be repeated', collect)
    .option('-R, --recursive', 'look into subfolders too');
}

/** Adds the flags of {@link ManifestFlags}: what is read, and where the result goes. */
export function addManifestFlags(command: Command): Command {
  return addInputFlags(command)
    .option('--in-place', 'replace the files instead of printing to standard output')
    .option('--dry-run', 'print only the report');
}
