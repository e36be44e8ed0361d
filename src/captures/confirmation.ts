import type { SettingName, SettingValues } from '../settings/index.ts';
import { openFile, type AgentStatus } from './agentStatus.ts';

export interface Expectation {
  /** Values that the agent is to take, defaults included; `state` says whether it shall capture. */
  readonly values: SettingValues;
  /** What was changed: most settings begin a new file. */
  readonly changed: readonly SettingName[];
  /** The pod has a container that mirrors. */
  readonly mirrors: boolean;
  /** The file that was written before the change. */
  readonly fileBefore: string | undefined;
}

export type Verdict =
  /** It is as it was asked for. */
  | { readonly kind: 'done'; readonly text: string }
  /** It has captured what it was asked for, and ended by itself; or it does not know of the change yet. */
  | { readonly kind: 'finished'; readonly text: string }
  /** Its settings are still those before: the kubelet has not brought the change, or it has not looked yet. */
  | { readonly kind: 'unseen'; readonly text: string }
  | { readonly kind: 'pending'; readonly text: string }
  /** It refuses, and will not change its mind. */
  | { readonly kind: 'refused'; readonly text: string };

/** Settings that leave the file that is being written as it is. */
const besideTheFile: readonly SettingName[] = ['upload', 'stream', 'mirror'];

/** Whether an agent does what it was asked for, by what it says. Pure. */
export function judgeAgent(status: AgentStatus, expected: Expectation): Verdict {
  const { state, reason = '' } = status;
  if (!hasTaken(status, expected.values)) return { kind: 'unseen', text: 'it has not seen the change yet' };
  if (expected.values.state === 'idle') {
    return state === 'capturing' ? { kind: 'pending', text: 'it still captures' } : { kind: 'done', text: state };
  }
  const refusal = status.invalid?.find(
    ({ setting, value }) => !isBeside(setting) && isCurrent(expected.values, setting, value),
  );
  if (refusal !== undefined) return { kind: 'refused', text: `${refusal.setting}: ${refusal.reason}` };
  if (state === 'capturing' && isNewFile(status, expected))
    return mirrorVerdict(status, expected) ?? { kind: 'done', text: capturingText(status) };
  if (state === 'idle' && (reason === 'duration' || reason === 'packet-count'))
    return { kind: 'finished', text: `idle (${reason})` };
  return { kind: 'pending', text: reason === '' ? state : `${state}: ${reason}` };
}

/** Undefined when no mirror was asked for, or can be. */
function mirrorVerdict(status: AgentStatus, { values, mirrors }: Expectation): Verdict | undefined {
  const { mirror = '' } = values;
  if (!mirrors || mirror === '') return undefined;
  const { state = '', reason = '', destination = '' } = status.mirror ?? {};
  // Its container sees a change later than the agent may.
  if (state === '' || (destination !== '' && destination !== mirror))
    return { kind: 'pending', text: 'mirror: it has not seen the change yet' };
  if (state === 'mirroring') return { kind: 'done', text: `${capturingText(status)}, mirroring to ${destination}` };
  const text = `mirror: ${reason === '' ? state : reason}`;
  return state === 'invalid' ? { kind: 'refused', text } : { kind: 'pending', text };
}

/** Whether the agent says of itself that it has ended a capture whose settings are still these. */
export function hasFinished({ state, reason }: AgentStatus): boolean {
  return state === 'idle' && (reason === 'duration' || reason === 'packet-count');
}

function hasTaken({ settings: taken, ...status }: AgentStatus, values: SettingValues): boolean {
  if (taken !== undefined) return Object.entries(values).every(([name, value]) => (taken[name] ?? '') === value);
  return (values.filter ?? status.filter ?? '') === (status.filter ?? '');
}

/** An agent that begins anew may still tell of the file before. */
function isNewFile(status: AgentStatus, { changed, fileBefore }: Expectation): boolean {
  return changed.every((name) => isBeside(name)) || openFile(status) !== fileBefore;
}

function isBeside(setting: string): boolean {
  return besideTheFile.some((name) => name === setting);
}

/** Not the refusal of a value that was there before. */
function isCurrent(values: SettingValues, setting: string, value: string | undefined): boolean {
  const wanted = values[setting as SettingName];
  return wanted === undefined || value === undefined || value === wanted;
}

function capturingText({ interfaces = [], filter = '' }: AgentStatus): string {
  return `capturing${interfaces.length === 0 ? '' : ` on ${interfaces.join(', ')}`}${filter === '' ? '' : `: ${filter}`}`;
}
