import { Option, type Command } from 'commander';
import type { ClusterFlags } from '../../kubernetes/clusterFlags.ts';
import { addClusterFlags } from './connectionFlags.ts';
import { durationOfFlag } from './flagValues.ts';

/** The flags that say which release is meant, and how to behave; shared by install, upgrade and uninstall. */
export interface ReleaseFlags extends ClusterFlags {
  readonly release: string;
  readonly namespace: string;
  readonly timeout: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly output?: 'json';
}

const defaultName = 'packet-capture';

export function addReleaseFlags(command: Command): Command {
  const own = command
    .option('--release <NAME>', 'of the helm release', defaultName)
    .option('-n, --namespace <NAMESPACE>', 'of the release', defaultName)
    .option('--timeout <DURATION>', 'for each thing that helm waits for', '5m')
    .option('--dry-run', 'show what would change; store nothing')
    .option('-y, --yes', 'do not ask')
    .addOption(new Option('-o, --output <FORMAT>', 'json: the result, for programs').choices(['json']));
  return addClusterFlags(own);
}

/** @throws USAGE */
export function timeoutOf({ timeout }: ReleaseFlags): number {
  return durationOfFlag(timeout, '--timeout', { example: '5m' });
}
