import { Command } from 'commander';
import { version } from '../version.ts';
import { programOutput } from './io/output.ts';
import { addCommands, type CommandEntry } from './lazyCommands.ts';

const entries: readonly CommandEntry[] = [
  {
    name: 'inject',
    summary: 'way 1: add the sidecar to manifests; every other byte stays',
    load: async () => (await import('./commands/inject.ts')).addInject,
  },
  {
    name: 'uninject',
    summary: 'its inverse: the original bytes',
    load: async () => (await import('./commands/uninject.ts')).addUninject,
  },
  {
    name: 'diff',
    summary: 'what inject would change, as kubectl diff shows it',
    load: async () => (await import('./commands/diff.ts')).addDiff,
  },
  {
    name: 'patch',
    summary: 'way 2: add the sidecar to a workload in the cluster',
    load: async () => (await import('./commands/patch.ts')).addPatch,
  },
  {
    name: 'unpatch',
    summary: 'its inverse: the spec from before',
    load: async () => (await import('./commands/unpatch.ts')).addUnpatch,
  },
  {
    name: 'start',
    summary: 'capture in running pods, or change what they capture; no restart',
    load: async () => (await import('./commands/start.ts')).addStart,
  },
  {
    name: 'stop',
    summary: 'stop capturing in running pods; no restart',
    load: async () => (await import('./commands/stop.ts')).addStop,
  },
  {
    name: 'status',
    summary: 'what is captured and what was dropped, pod by pod',
    load: async () => (await import('./commands/status.ts')).addStatus,
  },
  {
    name: 'download',
    summary: 'the capture files of running pods, verified, and merged if asked',
    load: async () => (await import('./commands/download.ts')).addDownload,
  },
  {
    name: 'stream',
    summary: 'the packets of running pods as they come, merged, for Wireshark',
    load: async () => (await import('./commands/stream.ts')).addStream,
  },
  {
    name: 'certs',
    summary: "the webhook's certificates: new, inspect, rotate",
    load: async () => (await import('./commands/certs.ts')).addCerts,
  },
  {
    name: 'install',
    summary: 'way 3: install the chart, and prove that injection works',
    load: async () => (await import('./commands/install.ts')).addInstall,
  },
  {
    name: 'upgrade',
    summary: 'change a release: its values, its version, its certificates',
    load: async () => (await import('./commands/upgrade.ts')).addUpgrade,
  },
  {
    name: 'uninstall',
    summary: 'take a release away, with every label and annotation it has set',
    load: async () => (await import('./commands/uninstall.ts')).addUninstall,
  },
  {
    name: 'why',
    summary: 'why a pod is injected or not, and what to do',
    load: async () => (await import('./commands/why.ts')).addWhy,
  },
  {
    name: 'check',
    summary: 'audit a cluster: its releases, and pods that miss the sidecar',
    load: async () => (await import('./commands/check.ts')).addCheck,
  },
  {
    name: 'chart',
    summary: 'render the Helm chart, with certificates baked in if asked',
    load: async () => (await import('./commands/chart.ts')).addChart,
  },
  {
    name: 'policy',
    summary: 'way 4: injection by the API server itself, without a server of ours',
    load: async () => (await import('./commands/policy.ts')).addPolicy,
  },
  {
    name: 'settings',
    summary: 'what can be set, by flag or by annotation',
    load: async () => (await import('./commands/settings.ts')).addSettings,
  },
];

/**
 * The command line for these arguments. Wrong usage ends with exit code 2, as in the POSIX utilities.
 * @param args behind the program's name
 */
export async function makeProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('packet-capture')
    .description("The packets of any Kubernetes workload, without touching the app's image.")
    .usage('COMMAND [flags]')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .configureOutput(programOutput)
    .showHelpAfterError('Run it with --help.')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong usage or bad input, 130 Ctrl-C.\nData goes to stdout, reports go to stderr.',
    );
  return addCommands(program, entries, args);
}
