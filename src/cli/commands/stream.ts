import { Option, type Command } from 'commander';
import { findPods, ownSettingsReader } from '../../captures/index.ts';
import { clusterFlagsOf } from '../../kubernetes/clusterFlags.ts';
import { makeKubectl, makeKubectlStart } from '../../kubernetes/kubectl.ts';
import { findSetting, type SettingName } from '../../settings/index.ts';
import { addPodFlags, podTargetOf, somePodsOf } from '../flags/podFlags.ts';
import { settingsOfFlags } from '../flags/settingFlags.ts';
import { addStreamFlags, mostPodsOf, type StreamFlags } from '../flags/streamFlags.ts';
import { interruption } from '../io/interruption.ts';
import { streamTo, type StreamTaker } from '../shared/streamTo.ts';
import { notCaptured, tellWithout } from '../shared/withoutSidecar.ts';

/** `stream POD|TYPE/NAME|-l SELECTOR`: writes the packets of live pods as they arrive. */
export function addStream(program: Command): void {
  const command = program
    .command('stream')
    .description(
      'capture in running pods and write one live pcapng, in order of time, with an interface for each pod and device',
    )
    .argument(
      '[POD|TYPE/NAME]',
      "a pod's name, or a workload or Service as kubectl takes it: deploy/web; later pods join",
    );
  addStreamFlags(addPodFlags(command).option('-o, --output <FILE>', 'a new file; -: standard output', '-'));
  addCaptureFlags(command)
    .addHelpText(
      'after',
      '\nInto Wireshark: packet-capture stream deploy/web | wireshark -k -i -\nExit codes: 0 ended as asked, 1 failed, 2 wrong usage.',
    )
    .action(async (name: string | undefined, flags: StreamFlags) => {
      await runStream(name, flags);
    });
}

/** What is captured, and how long. */
export function addCaptureFlags(command: Command): Command {
  for (const [name, note] of settingNotes) {
    const { placeholder = '', text = '' } = findSetting(name) ?? {};
    command.addOption(new Option(`--${name} <${placeholder}>`, `${text} (default: ${note})`));
  }
  return command.option('--duration <DURATION>', 'end so long after the captures have begun (default: at Ctrl-C)');
}

const settingNotes: readonly (readonly [SettingName, string])[] = [
  ['filter', "each pod's own"],
  ['interfaces', "each pod's own"],
  ['snaplen', "each pod's own"],
];

/** For a CronJob, the stream waits for its next pods. */
function isRepeated(name: string | undefined): boolean {
  return /^(?:cj|cronjobs?)(?:\.|\/)/i.test(name ?? '');
}

/**
 * `stream`: writes packets to the output, and reports to standard error.
 * @param taker who takes the packets, instead of the file that a flag names
 */
export async function runStream(name: string | undefined, flags: StreamFlags, taker: StreamTaker = {}): Promise<void> {
  const { namespace, output: file, force = false } = flags;
  const target = flags.everyPod === true ? podTargetOf(name, flags) : somePodsOf(name, flags);
  const mostPods = mostPodsOf(flags);
  const { duration, ...wanted } = settingsOfFlags(flags);
  const interrupted = interruption();
  const cluster = clusterFlagsOf(flags);
  const kubectl = makeKubectl({ ...cluster, namespace, signal: interrupted });
  const ownSettings = ownSettingsReader(kubectl);
  let looked = false;
  await streamTo({
    ...taker,
    file,
    force,
    find: async () => {
      const found = await findPods(kubectl, target);
      // A pod or a Job that has ended gets no more pods; labels may match new ones.
      const over = found.ended !== undefined && target.selector === undefined && !isRepeated(name);
      if (!looked && found.captured.length === 0 && (found.without.length > 0 || over)) throw notCaptured(found);
      if (!looked) tellWithout(found.without);
      looked = true;
      return { ...found, captured: await ownSettings(found.captured) };
    },
    // Without the signal, because a capture that is ending still sends its last packets.
    start: makeKubectlStart({ ...cluster, namespace }),
    wanted,
    mostPods,
    duration,
    interrupted,
    names: flags.names,
    connect: (over) => makeKubectl({ ...cluster, namespace, signal: AbortSignal.any([interrupted, over]) }),
    namespace,
  });
}
