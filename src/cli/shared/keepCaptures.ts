import { findTargetPods, thisMoment } from '../../captures/index.ts';
import {
  keepPods,
  watchPods,
  type KeepOutcome,
  type KeepPodsResult,
  type KeepProgress,
  type KeptPod,
  type WatchedKeep,
} from '../../captures/keep/index.ts';
import { codedError } from '../../errors.ts';
import { clusterFlagsOf } from '../../kubernetes/clusterFlags.ts';
import { makeKubectl } from '../../kubernetes/kubectl.ts';
import { whoAmI } from '../../kubernetes/whoAmI.ts';
import { formatBytes } from '../../quantity.ts';
import { durationOfFlag } from '../flags/flagValues.ts';
import type { KeepFlags } from '../flags/keepFlags.ts';
import { somePodsOf } from '../flags/podFlags.ts';
import { windowOfFlags } from '../flags/windowFlags.ts';
import { interruption } from '../io/interruption.ts';
import { counted, exitWhenUnread, print, printJson, printJsonLine, say } from '../io/output.ts';
import { createProgressLine, type ProgressLine } from '../io/progressLine.ts';
import { notCaptured, tellWithout } from './withoutSidecar.ts';

/** Seconds that are kept when no flag names a window. */
const usualLast = 600;
const longestReason = 900;

/** `keep`: reports to standard error, and prints the result to standard output with `-o json`. */
export async function runKeep(name: string | undefined, flags: KeepFlags): Promise<void> {
  const reason = reasonOf(flags);
  if (flags.watch === true) return watch(name, flags, reason);
  const target = somePodsOf(name, flags);
  const window = windowOfFlags(flags) ?? {
    from: { secondsAgo: usualLast },
    to: { secondsAgo: 0 },
    asked: thisMoment(),
  };
  const andSeconds = durationOfFlag(flags.and, '--and', { example: '2m', least: 0 });
  const timeoutSeconds = durationOfFlag(flags.timeout, '--timeout', { example: '60s' });
  const signal = interruption();
  const kubectl = makeKubectl({ ...clusterFlagsOf(flags), namespace: flags.namespace, signal });
  const by = await whoAmI(kubectl);
  const dryRun = flags.dryRun === true;
  const wait = flags.wait === 'true';
  const line = createProgressLine();
  const report = (text: string): void => line.say(text);
  const asked = { kubectl, target, window, andSeconds, reason, by, timeoutSeconds, dryRun, wait, signal, report };
  let result: KeepPodsResult;
  try {
    result = await keepPods({ ...asked, onProgress: progressTo(line) });
  } finally {
    line.end();
  }
  if (result.pods.length === 0) throw notCaptured(result);
  for (const pod of result.pods) say(podLine(pod));
  if (flags.output === 'json') printJson({ by: by ?? null, reason, pods: result.pods, without: result.without });
  tellWithout(result.without);
  conclude(result.pods);
}

/** Seconds of a window that are not worth a line. */
const shortWait = 5;

/** Says once that it waits, and then how long. */
function progressTo(line: ProgressLine): (progress: KeepProgress) => void {
  let told = false;
  return ({ pods, ended, secondsLeft }) => {
    if (!told && secondsLeft > shortWait)
      line.say(
        `the window ends in ${secondsLeft} s: waiting (--wait=false does not; after Ctrl-C the pods go on without this command)`,
      );
    told = true;
    line.show(
      `${ended} of ${counted(pods, 'pod')} done, ${secondsLeft === 0 ? 'the window has ended' : `the window ends in ${secondsLeft} s`}`,
    );
  };
}

function reasonOf({ reason = '' }: KeepFlags): string {
  if (reason.length > longestReason)
    throw codedError('USAGE', `it has more than ${longestReason} characters`, { where: '--reason' });
  return reason;
}

function podLine({ namespace, pod, from, to, begins, ...outcome }: KeptPod): string {
  const window = from === null || to === null ? '' : `${from} to ${to}: `;
  const late = begins === null ? '' : `; its oldest file begins at ${begins}: what was before is not in the ring`;
  return `${namespace}/${pod}: ${window}${outcomeText(outcome)}${late}`;
}

function outcomeText({ result, kept, problem }: KeepOutcome): string {
  if (result === 'dry-run') return 'would be kept (dry run)';
  if (kept === null) return `not kept: ${problem ?? ''}`;
  const { id, files = 0, bytes = 0, packets = 0, dropped = 0, truncated, to = '' } = kept;
  const room = truncated === undefined ? '' : `, no room for ${counted(truncated.files ?? 0, 'file')}`;
  const has = `${id}: ${counted(files, 'file')}, ${formatBytes(bytes)}`;
  if (result === 'kept')
    return `kept ${has}, ${counted(packets, 'packet')}${dropped === 0 ? '' : `, ${dropped} dropped`}${room}`;
  const soFar = `${has} so far${room}`;
  return result === 'keeping'
    ? `keeping ${soFar}; its agent goes on until ${to}, without this command`
    : `not all kept: ${problem ?? ''}; it has ${soFar}`;
}

function conclude(pods: readonly KeptPod[]): void {
  const number = (...results: readonly KeptPod['result'][]): number =>
    pods.filter(({ result }) => results.includes(result)).length;
  const [kept, keeping, bad] = [number('kept'), number('keeping'), number('unconfirmed', 'failed', 'gone')];
  if (pods.length > 1)
    say(`${counted(pods.length, 'pod')}: ${kept} kept${keeping === 0 ? '' : `, ${keeping} keeping`}`);
  if (bad > 0)
    throw codedError(
      'NOT_KEPT',
      `${bad} of ${counted(pods.length, 'pod')} ${bad === 1 ? 'has' : 'have'} not kept ${bad === 1 ? 'its' : 'their'} files`,
      bad === number('failed') ? { hint: 'Nothing was changed there; the lines above give the reasons.' } : {},
    );
}

async function watch(name: string | undefined, flags: KeepFlags, reason: string): Promise<void> {
  for (const flag of ['since', 'to', 'dryRun'] as const)
    if (flags[flag] !== undefined)
      throw codedError('USAGE', `--watch excludes --${flag === 'dryRun' ? 'dry-run' : flag}`, { where: '--watch' });
  const target = somePodsOf(name, flags);
  const lastSeconds = durationOfFlag(flags.last ?? `${usualLast}s`, '--last', { example: '10m' });
  const andSeconds = durationOfFlag(flags.and, '--and', { example: '2m', least: 0 });
  const pauseSeconds = durationOfFlag(flags.pause, '--pause', { example: '1m' });
  const timeoutSeconds = durationOfFlag(flags.timeout, '--timeout', { example: '60s' });
  const signal = interruption();
  const kubectl = makeKubectl({ ...clusterFlagsOf(flags), namespace: flags.namespace, signal });
  const json = flags.output === 'json';
  exitWhenUnread();
  const by = await whoAmI(kubectl);
  say('watching; Ctrl-C ends it');
  const result = await watchPods({
    kubectl,
    find: async () => findTargetPods(kubectl, target),
    lastSeconds,
    andSeconds,
    pauseSeconds,
    timeoutSeconds,
    wait: flags.wait === 'true',
    reason,
    by,
    stop: signal,
    signal,
    report: say,
    onKeep: (keep) => (json ? printJsonLine({ time: new Date().toISOString(), ...keep }) : print([watchLine(keep)])),
    onTrouble: (text) => say(`the pods cannot be listed: ${text}; trying again`),
  });
  say(
    `${counted(result.keeps, 'keep')}, ${result.failed} failed, ${counted(result.leftOut, 'event')} left out because they came within ${flags.pause} of a keep of the same pod`,
  );
}

function watchLine(keep: WatchedKeep): string {
  const { namespace, pod, at, event, leftOut } = keep;
  const more = leftOut === 0 ? '' : `; ${counted(leftOut, 'event')} before it left out`;
  return `${namespace}/${pod}: ${at} ${event}: ${outcomeText(keep)}${more}`;
}
