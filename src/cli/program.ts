import { Command } from 'commander';
import { form } from '../build.ts';
import { version } from '../version.ts';
import { programOutput, speakAs } from './io/output.ts';
import { programName } from './io/programName.ts';
import { addCommands, type CommandEntry } from './lazyCommands.ts';

const entries: readonly CommandEntry[] = [
  {
    name: 'inject',
    summary: 'way 1: add the sidecar to manifests; no other byte changes',
    load: async () => (await import('./commands/inject.ts')).addInject,
  },
  {
    name: 'uninject',
    summary: 'undo inject: restore the original bytes',
    load: async () => (await import('./commands/uninject.ts')).addUninject,
  },
  {
    name: 'diff',
    summary: 'show what inject would change, like kubectl diff',
    load: async () => (await import('./commands/diff.ts')).addDiff,
  },
  {
    name: 'patch',
    summary: 'way 2: add the sidecar to a workload in the cluster',
    load: async () => (await import('./commands/patch.ts')).addPatch,
  },
  {
    name: 'unpatch',
    summary: 'undo patch: restore the original spec',
    load: async () => (await import('./commands/unpatch.ts')).addUnpatch,
  },
  {
    name: 'attach',
    summary: 'way 5: capture in pods that run, without a restart',
    load: async () => (await import('./commands/attach.ts')).addAttach,
  },
  {
    name: 'start',
    summary: 'start captures in running pods, or change them; no restart',
    load: async () => (await import('./commands/start.ts')).addStart,
  },
  {
    name: 'stop',
    summary: 'stop captures in running pods; no restart',
    load: async () => (await import('./commands/stop.ts')).addStop,
  },
  {
    name: 'status',
    summary: 'show what each pod captures and has dropped',
    load: async () => (await import('./commands/status.ts')).addStatus,
  },
  {
    name: 'download',
    summary: 'copy capture files of running pods, verified; --merge merges them',
    load: async () => (await import('./commands/download.ts')).addDownload,
  },
  {
    name: 'keep',
    summary: "keep files of the last minutes out of the ring's rotation; --watch does it at each crash",
    load: async () => (await import('./commands/keep.ts')).addKeep,
  },
  {
    name: 'stream',
    summary: 'show packets of running pods live, merged, for Wireshark',
    load: async () => (await import('./commands/stream.ts')).addStream,
  },
  {
    name: 'summary',
    summary: 'what captures say: conversations, retransmissions, DNS, TLS, HTTP',
    load: async () => (await import('./commands/summary.ts')).addSummary,
  },
  {
    name: 'wireshark-profile',
    summary: 'write a Wireshark profile that shows names, pods and colours',
    load: async () => (await import('./commands/wiresharkProfile.ts')).addWiresharkProfile,
  },
  {
    name: 'extcap',
    summary: 'let Wireshark list the contexts of kubectl as interfaces to capture from',
    load: async () => (await import('./commands/extcap.ts')).addExtcap,
  },
  {
    name: 'certs',
    summary: "make, inspect and rotate the webhook's certificates",
    load: async () => (await import('./commands/certs.ts')).addCerts,
  },
  {
    name: 'install',
    summary: 'ways 3 and 4: install the chart, and check that injection works',
    load: async () => (await import('./commands/install.ts')).addInstall,
  },
  {
    name: 'upgrade',
    summary: 'change a release: its values, its version, its certificates',
    load: async () => (await import('./commands/upgrade.ts')).addUpgrade,
  },
  {
    name: 'uninstall',
    summary: 'remove a release, with every label and annotation that it set',
    load: async () => (await import('./commands/uninstall.ts')).addUninstall,
  },
  {
    name: 'why',
    summary: 'explain why a pod is injected or not, and what to do',
    load: async () => (await import('./commands/why.ts')).addWhy,
  },
  {
    name: 'check',
    summary: 'audit a cluster: its releases, and pods that miss the sidecar',
    load: async () => (await import('./commands/check.ts')).addCheck,
  },
  {
    name: 'chart',
    summary: 'render the Helm chart; --bake-certs adds certificates',
    load: async () => (await import('./commands/chart.ts')).addChart,
  },
  {
    name: 'policy',
    summary: 'way 4: print a policy by which the API server itself injects',
    load: async () => (await import('./commands/policy.ts')).addPolicy,
  },
  {
    name: 'settings',
    summary: 'list the settings, which are set by flag or by annotation',
    load: async () => (await import('./commands/settings.ts')).addSettings,
  },
  {
    name: 'completion',
    summary: 'complete commands, flags and names in bash, zsh, fish, PowerShell',
    load: async () => (await import('./commands/completion.ts')).addCompletion,
  },
  {
    name: 'version',
    summary: 'print the version, the commit, the agent and Node',
    load: async () => (await import('./commands/version.ts')).addVersion,
  },
];

/**
 * The command line for these arguments. Wrong usage ends with exit code 2, as in POSIX utilities.
 * @param args the arguments after the program's name
 */
export async function makeProgram(args: readonly string[]): Promise<Command> {
  const name = programName(form === 'executable' ? process.argv0 : (process.argv[1] ?? ''));
  speakAs(name, [...entries.map((entry) => entry.name), 'COMMAND']);
  const program = new Command('packet-capture')
    .description("Captures the packets of any Kubernetes workload. The app's image is not changed.")
    .usage('COMMAND [flags]')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .configureOutput(programOutput)
    .showHelpAfterError('Run it with --help.')
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong usage or bad input, 130 Ctrl-C.\nData goes to stdout, reports go to stderr.',
    );
  return addCommands(program, entries, args);
}
