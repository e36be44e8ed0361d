import type { Command } from 'commander';
import { thisMoment, windowOfPod, type WindowEnd, type WindowRequest } from '../../captures/index.ts';
import { codedError } from '../../errors.ts';
import { parseDuration } from '../../settings/index.ts';
import { formatTime, lacksOffset, millisecondsToNanoseconds, parseTime } from '../../time.ts';

/** The flags that name a window of time. */
export interface WindowFlags {
  readonly last?: string;
  readonly since?: string;
  readonly to?: string;
}

/** @param what of the window: `only packets` */
export function addWindowFlags(command: Command, what: string): Command {
  return command
    .option('--last <DURATION>', `${what} of the last DURATION, such as 10m`)
    .option('--since <TIME>', `${what} from TIME on: RFC 3339 as 2026-11-29T03:05:00Z, or how long ago: 1h30m`)
    .option('--to <TIME>', `with --since: ${what} before TIME, in the same forms (default: now)`);
}

/** The window that flags ask for; undefined without any. @throws USAGE */
export function windowOfFlags({ last, since, to }: WindowFlags): WindowRequest | undefined {
  const asked = thisMoment();
  if (last !== undefined) {
    if (since !== undefined || to !== undefined)
      throw codedError('USAGE', '--last excludes --since and --to', { where: '--last' });
    return { from: { secondsAgo: secondsOf(last, '--last') }, to: { secondsAgo: 0 }, asked };
  }
  if (since === undefined) {
    if (to !== undefined) throw codedError('USAGE', '--to needs --since', { where: '--to' });
    return undefined;
  }
  const request = {
    from: endOf(since, '--since'),
    to: to === undefined ? { secondsAgo: 0 } : endOf(to, '--to'),
    asked,
  };
  checkOrder(request);
  return request;
}

/** In this machine's clock, which is good enough to find a mistake. */
function checkOrder(request: WindowRequest): void {
  const { from, to } = windowOfPod(request, undefined);
  if (from < to) return;
  if (from >= millisecondsToNanoseconds(request.asked.wall))
    throw codedError('USAGE', `${formatTime(from)} lies in the future`, { where: '--since' });
  throw codedError('USAGE', `the window would end at ${formatTime(to)}, before it begins at ${formatTime(from)}`, {
    where: '--to',
  });
}

function endOf(text: string, where: string): WindowEnd {
  const at = parseTime(text);
  if (at !== undefined) return { at };
  if (lacksOffset(text))
    throw codedError('USAGE', `"${text}" does not say in which time zone`, {
      where,
      hint: `Add Z for UTC, ${text}Z, or an offset: ${text}+01:00.`,
    });
  const secondsAgo = parseDuration(text);
  if (secondsAgo === undefined)
    throw codedError('USAGE', `"${text}" is neither a time such as 2026-11-29T03:05:00Z nor a duration such as 10m`, {
      where,
    });
  return { secondsAgo };
}

function secondsOf(text: string, where: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined || seconds === 0)
    throw codedError('USAGE', `"${text}" is not a duration such as 10m`, { where });
  return seconds;
}
