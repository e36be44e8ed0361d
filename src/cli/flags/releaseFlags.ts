import { Option, type Command } from 'commander';
import type { ClusterFlags } from '../../kubernetes/clusterFlags.ts';
import { addClusterFlags } from './connectionFlags.ts';
import { durationOfFlag } from './flagValues.ts';

/** The flags of install, upgrade and uninstall: which release, and how to run. */
export interface ReleaseFlags extends ClusterFlags {
  readonly release: string;
  readonly namespace: string;
  readonly timeout: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly output?: 'json';
}

const defaultName = 'packet-capture';

/** Adds the flags of {@link ReleaseFlags} to a command. */
export function addReleaseFlags(command: Command): Command {
  const own = command
    .option('--release <NAME>', 'the helm release', defaultName)
    .option('-n, --namespace <NAMESPACE>', "the release's namespace", defaultName)
    .option('--timeout <DURATION>', 'the limit for each object that helm waits for', '5m')
    .option('--dry-run', 'show what would change; store nothing')
    .option('-y, --yes', 'do not ask')
    .addOption(new Option('-o, --output <FORMAT>', 'json: the result, for programs').choices(['json']));
  return addClusterFlags(own);
}

/** @throws USAGE */
export function timeoutOf({ timeout }: ReleaseFlags): number {
  return durationOfFlag(timeout, '--timeout', { example: '5m' });
}
