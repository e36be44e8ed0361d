import { Option, type Command } from 'commander';
import { execInPod, findPods } from '../../captures/index.ts';
import {
  captureCommand,
  streamPods,
  windowMs,
  type StreamEvent,
  type StreamResult,
} from '../../captures/stream/index.ts';
import { clusterFlagsOf } from '../../kubernetes/clusterFlags.ts';
import { makeKubectl, makeKubectlStart } from '../../kubernetes/kubectl.ts';
import { findSetting, type SettingName, parseDuration } from '../../settings/index.ts';
import { version } from '../../version.ts';
import { countOf } from '../flags/flagValues.ts';
import { addPodFlags, somePodsOf, type PodFlags } from '../flags/podFlags.ts';
import { settingsOfFlags } from '../flags/settingFlags.ts';
import { interruption } from '../io/exit.ts';
import { counted, say } from '../io/output.ts';
import { createProgressLine } from '../io/progressLine.ts';
import { isBrokenPipe, openStreamOutput, unwritable } from '../io/streamOutput.ts';
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
  addPodFlags(command)
    .option('-o, --output <FILE>', 'a new file; -: standard output', '-')
    .option(
      '--max-pods <COUNT>',
      'capture in at most this many pods at a time: each needs a kubectl process here',
      '32',
    )
    .option('--force', 'overwrite the file');
  for (const [name, note] of settingNotes) {
    const { placeholder = '', text = '' } = findSetting(name) ?? {};
    command.addOption(new Option(`--${name} <${placeholder}>`, `${text} (default: ${note})`));
  }
  command
    .option('--duration <DURATION>', 'end after this time (default: at Ctrl-C)')
    .addHelpText(
      'after',
      '\nInto Wireshark: packet-capture stream deploy/web | wireshark -k -i -\nExit codes: 0 ended as asked, 1 failed, 2 wrong usage.',
    )
    .action(async (name: string | undefined, flags: StreamFlags) => {
      await runStream(name, flags);
    });
}

const settingNotes: readonly (readonly [SettingName, string])[] = [
  ['filter', "each pod's own"],
  ['interfaces', "each pod's own"],
  ['snaplen', "each pod's own"],
];

export interface StreamFlags extends PodFlags, Readonly<Record<string, unknown>> {
  readonly output: string;
  readonly force?: boolean;
  readonly maxPods: string;
}

/** Each pod needs a kubectl and three file descriptors of this process, and many systems allow 1024. */
const largestMaxPods = 250;

/** For a CronJob, the stream waits for its next pods. */
function isRepeated(name: string | undefined): boolean {
  return /^(?:cj|cronjobs?)(?:\.|\/)/i.test(name ?? '');
}

/** The longest timer of Node, in milliseconds: 24 days. */
const longestTimer = 2 ** 31 - 1;

/** `stream`: writes packets to the output, and reports to standard error. */
export async function runStream(name: string | undefined, flags: StreamFlags): Promise<void> {
  const { namespace, output: file, force = false } = flags;
  const target = somePodsOf(name, flags);
  const mostPods = countOf(flags.maxPods, '--max-pods', largestMaxPods);
  const { duration, ...wanted } = settingsOfFlags(flags);
  const interrupted = interruption();
  const cluster = clusterFlagsOf(flags);
  const kubectl = makeKubectl({ ...cluster, namespace, signal: interrupted });
  // Without the signal, because a capture that is ending still sends its last packets.
  const start = makeKubectlStart({ ...cluster, namespace });
  const output = await openStreamOutput(file, force);
  const line = createProgressLine();
  let looked = false;
  try {
    const result = await streamPods({
      find: async () => {
        const found = await findPods(kubectl, target);
        // A pod or a Job that has ended gets no more pods; labels may match new ones.
        const over = found.ended !== undefined && target.selector === undefined && !isRepeated(name);
        if (!looked && found.captured.length === 0 && (found.without.length > 0 || over)) throw notCaptured(found);
        if (!looked) tellWithout(found.without);
        looked = true;
        return found;
      },
      open: (pod, capture) => execInPod(start, pod, captureCommand(capture), { stdin: true, detached: true }),
      wanted,
      mostPods,
      write: output.write,
      stop: duration === undefined ? interrupted : AbortSignal.any([interrupted, after(duration)]),
      onEvent: (event) =>
        event.type === 'progress'
          ? line.show(`${counted(event.pods, 'pod')}, ${counted(event.packets, 'packet')}`)
          : line.say(eventText(event, mostPods)),
      application: `packet-capture ${version}`,
    });
    line.end();
    conclude(result, file, line.seconds());
  } finally {
    line.end();
    await output.close();
  }
}

function after(duration: string): AbortSignal {
  return AbortSignal.timeout(Math.min((parseDuration(duration) ?? 0) * 1000, longestTimer));
}

function eventText(event: Exclude<StreamEvent, { readonly type: 'progress' }>, mostPods: number): string {
  if (event.type === 'left_out')
    return leftOutText(
      event.pods.map(({ namespace, name }) => `${namespace}/${name}`),
      mostPods,
    );
  if (event.type === 'waiting') return `${event.where}: no captured pod; waiting for one`;
  if (event.type === 'unreachable') return `warning: new pods are not noticed at the moment: ${event.reason}`;
  const pod = `${event.pod.namespace}/${event.pod.name}`;
  if (event.type === 'joined') return `${pod}: joined`;
  if (event.type === 'changed') return `${pod}: its settings have changed; starting again`;
  if (event.type === 'failed') return `${pod}: ${event.reason}; retry in ${event.retrySeconds}s`;
  if (event.type === 'cut') return `${pod}: its last packets are missing: ${event.reason}`;
  return `${pod}: left, ${counted(event.packets, 'packet')}${droppedText(event.dropped ?? 0)}`;
}

/** How many names a warning lists. */
const shownNames = 5;

function leftOutText(names: readonly string[], mostPods: number): string {
  const more = names.length > shownNames ? ` and ${names.length - shownNames} more` : '';
  return `warning: not captured, because --max-pods is ${mostPods}: ${names.slice(0, shownNames).join(', ')}${more}`;
}

function conclude(
  { joined, leftOut, packets, late, dropped, unreported, outputError }: StreamResult,
  file: string,
  seconds: number,
): void {
  if (leftOut > 0) say(`warning: not captured because of --max-pods: ${counted(leftOut, 'pod')}`);
  if (late > 0) say(`${counted(late, 'packet')} arrived more than ${windowMs} ms late, so they are out of order`);
  if (unreported > 0)
    say(`${counted(unreported, 'capture')} ended with the pod or was killed: its dropped packets are not known`);
  say(`${counted(packets, 'packet')}${droppedText(dropped)}, ${counted(joined, 'capture')}, ${seconds}s`);
  if (outputError !== undefined && !isBrokenPipe(outputError)) throw unwritable(outputError, file);
}

function droppedText(dropped: number): string {
  return dropped === 0 ? '' : `, ${dropped} dropped`;
}
