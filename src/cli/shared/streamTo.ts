import { execInPod, type FoundPods } from '../../captures/index.ts';
import { followNames, type LiveNames } from '../../captures/names/index.ts';
import {
  captureCommand,
  streamPods,
  windowMs,
  type StreamEvent,
  type StreamResult,
} from '../../captures/stream/index.ts';
import type { Kubectl, KubectlStart } from '../../kubernetes/kubectl.ts';
import { currentNamespace } from '../../kubernetes/namespace.ts';
import type { SettingValues } from '../../settings/index.ts';
import { version } from '../../version.ts';
import { namesNote, type NamesFlag } from '../flags/namesFlag.ts';
import { counted, isBrokenPipe, say } from '../io/output.ts';
import { createProgressLine, type ProgressLine } from '../io/progressLine.ts';
import { openStreamOutput, unwritable, type StreamOutput } from '../io/streamOutput.ts';
import { captureDuration } from './captureDuration.ts';

/** Who takes a stream in place of a file, and steers it. */
export interface StreamTaker {
  readonly output?: StreamOutput | undefined;
  /** As in StreamOptions. */
  readonly changes?: AsyncIterable<SettingValues> | undefined;
  /** Gets each event besides its line on standard error. */
  readonly onEvent?: ((event: StreamEvent) => void) | undefined;
}

/** What a command streams, and where to. The command has checked all flags before. */
export interface StreamToOptions extends StreamTaker {
  /** A path, or `-` for standard output. */
  readonly file: string;
  /** Overwrite the file. */
  readonly force: boolean;
  /** Lists the present pods. */
  readonly find: () => Promise<FoundPods>;
  /** Starts kubectl; it must outlive an interruption, because a capture that is ending still sends its last packets. */
  readonly start: KubectlStart;
  /** Settings that replace each pod's own. */
  readonly wanted: SettingValues;
  readonly mostPods: number;
  /** The stream ends so long after the captures of the present pods have begun; undefined: at an interruption. */
  readonly duration: string | undefined;
  readonly interrupted: AbortSignal;
  /** For people, in the header of the output. */
  readonly comment?: string | undefined;
  readonly names: NamesFlag['names'];
  /** A kubectl that ends when it is over, for the names. */
  readonly connect: (over: AbortSignal) => Kubectl;
  /** Where pods are looked for; undefined: kubectl's namespace. */
  readonly namespace: string | undefined;
}

/**
 * Writes the packets of pods to a file or to standard output as they arrive, and reports to standard error.
 * @throws as streamPods, USAGE, FILE_EXISTS, FILE_UNWRITABLE
 */
export async function streamTo(options: StreamToOptions): Promise<void> {
  const { file, force, start, wanted, mostPods, duration, interrupted } = options;
  const output = options.output ?? (await openStreamOutput(file, force));
  const line = createProgressLine();
  const { find, names } = options.names === 'off' ? { find: options.find, names: undefined } : withNames(options, line);
  const ends = captureDuration(duration);
  try {
    const result = await streamPods({
      find,
      names,
      open: (pod, capture, onStderr) =>
        execInPod(start, pod, captureCommand(capture), { stdin: true, detached: true, onStderr }),
      wanted,
      changes: options.changes,
      mostPods,
      write: output.write,
      stop: AbortSignal.any([interrupted, ends.over]),
      onEvent: (event) => {
        if (event.type === 'joined') ends.begun();
        if (event.type === 'progress' && event.unbegun === 0) ends.allBegun();
        options.onEvent?.(event);
        if (event.type === 'progress') line.show(`${counted(event.pods, 'pod')}, ${counted(event.packets, 'packet')}`);
        else if (event.type !== 'dropped') line.say(eventText(event, mostPods));
      },
      application: `packet-capture ${version}`,
      comment: options.comment,
    });
    line.end();
    conclude(result, file, line.seconds());
  } finally {
    ends.end();
    line.end();
    await names?.end();
    await output.close();
  }
}

/** Reads names from now on; who may not list the whole cluster gets those of the namespaces of the first pods. */
function withNames(
  { find, start, connect, namespace }: StreamToOptions,
  line: ProgressLine,
): { readonly find: StreamToOptions['find']; readonly names: LiveNames } {
  const found = Promise.withResolvers<FoundPods>();
  found.promise.catch(() => undefined);
  const names = followNames({
    connect,
    start,
    namespaces: async () => {
      const inPods = new Set((await found.promise).captured.map((pod) => pod.namespace));
      if (inPods.size > 0) return [...inPods];
      return [namespace ?? (await currentNamespace(connect(new AbortController().signal)))];
    },
    onNote: (note) => line.say(namesNote(note)),
  });
  const findAndTell = async (): Promise<FoundPods> => {
    try {
      const pods = await find();
      found.resolve(pods);
      return pods;
    } catch (error) {
      found.reject(error);
      throw error;
    }
  };
  return { find: findAndTell, names };
}

function eventText(event: Exclude<StreamEvent, { readonly type: 'progress' | 'dropped' }>, mostPods: number): string {
  if (event.type === 'left_out')
    return leftOutText(
      event.pods.map(({ namespace, name }) => `${namespace}/${name}`),
      mostPods,
    );
  if (event.type === 'waiting') return `${event.where}: no captured pod; waiting for one`;
  if (event.type === 'unreachable') return `warning: new pods are not noticed at the moment: ${event.reason}`;
  if (event.type === 'moved') return movedText(event);
  const pod = `${event.pod.namespace}/${event.pod.name}`;
  if (event.type === 'refused')
    return `warning: ${pod}: ${event.reason}; ${event.kept ? 'all captures go' : 'its capture goes'} on as before`;
  if (event.type === 'joined') return `${pod}: joined`;
  if (event.type === 'changed') return `${pod}: its settings have changed; starting again`;
  if (event.type === 'failed') {
    const retry = event.retrySeconds === undefined ? '' : `; retry in ${event.retrySeconds}s`;
    return `${pod}: ${event.reason}${retry}`;
  }
  if (event.type === 'cut') return `${pod}: its last packets are missing: ${event.reason}`;
  return `${pod}: left, ${counted(event.packets, 'packet')}${droppedText(event.dropped ?? 0)}`;
}

function movedText({ pods, restarted }: Extract<StreamEvent, { readonly type: 'moved' }>): string {
  const again = `${counted(restarted, 'capture')} must be started again, because the agent is older`;
  return `changed while it captures: ${counted(pods, 'pod')}${restarted === 0 ? '' : `; ${again}`}`;
}

/** How many names a warning lists. */
const shownNames = 5;

function leftOutText(names: readonly string[], mostPods: number): string {
  return `warning: not captured, because --max-pods is ${mostPods}: ${someOf(names)}`;
}

function someOf(names: readonly string[]): string {
  const more = names.length > shownNames ? ` and ${names.length - shownNames} more` : '';
  return `${names.slice(0, shownNames).join(', ')}${more}`;
}

function conclude(
  { joined, leftOut, missed, packets, late, dropped, unreported, outputError }: StreamResult,
  file: string,
  seconds: number,
): void {
  if (leftOut > 0) say(`warning: not captured because of --max-pods: ${counted(leftOut, 'pod')}`);
  if (missed.length > 0)
    say(
      `warning: not captured, because the capture had not begun at the end: ${someOf(missed.map(({ namespace, name }) => `${namespace}/${name}`))}`,
    );
  if (late > 0) say(`${counted(late, 'packet')} arrived more than ${windowMs} ms late, so they are out of order`);
  if (unreported === 1) say('1 capture ended with the pod or was killed: its dropped packets are not known');
  if (unreported > 1)
    say(`${unreported} captures ended with their pods or were killed: their dropped packets are not known`);
  say(`${counted(packets, 'packet')}${droppedText(dropped)}, ${counted(joined, 'capture')}, ${seconds}s`);
  if (outputError !== undefined && !isBrokenPipe(outputError)) throw unwritable(outputError, file);
}

function droppedText(dropped: number): string {
  return dropped === 0 ? '' : `, ${dropped} dropped`;
}
