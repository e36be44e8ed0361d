import { plainText } from '../plainText.ts';
import { isDestination, isHarmless, type SettingName, type SettingValues } from '../settings/index.ts';
import { openFile, type AgentStatus } from './agentStatus.ts';

/** What the agent of one pod should do after a change of its settings. */
export interface Expectation {
  /** The values that the agent should use, defaults included; `state` is whether it should capture. */
  readonly values: SettingValues;
  /** The changed settings: most of them begin a new file. */
  readonly changed: readonly SettingName[];
  /** The pod has a container that mirrors. */
  readonly mirrors: boolean;
  /** The file that was written before the change. */
  readonly fileBefore: string | undefined;
}

/**
 * How far an agent is. `text` is one clause for people; of `done`, `finished` and `refused`, waiting changes nothing.
 */
export type Verdict =
  /** The agent does what was requested. */
  | { readonly kind: 'done'; readonly text: string }
  /** The capture has ended by itself: either the requested one, or the agent has not seen the change yet. */
  | { readonly kind: 'finished'; readonly text: string }
  /** The agent still has the old settings: the kubelet has not written the change, or the agent has not read it. */
  | { readonly kind: 'unseen'; readonly text: string }
  | { readonly kind: 'pending'; readonly text: string }
  /** It refuses, and waiting does not help. */
  | { readonly kind: 'refused'; readonly text: string };

/** Whether an agent does what was requested, by its status. Pure. */
export function judgeAgent(status: AgentStatus, expected: Expectation): Verdict {
  const { state, reason = '' } = status;
  const unknown = unknownSettings(status, expected.values);
  const wanted = expected.changed.find((name) => unknown.has(name));
  if (wanted !== undefined) return { kind: 'refused', text: `${wanted}: ${ofVersion(status)} does not know it` };
  if (!hasTaken(status, expected.values, unknown)) return { kind: 'unseen', text: 'it has not seen the change yet' };
  if (expected.values.state === 'idle') {
    return state === 'capturing' ? { kind: 'pending', text: 'it still captures' } : { kind: 'done', text: state };
  }
  const refusal = status.invalid?.find(
    ({ setting, value }) => !isHarmless(setting) && isCurrent(expected.values, setting, value),
  );
  if (refusal !== undefined) return { kind: 'refused', text: `${refusal.setting}: ${refusal.reason}` };
  if (state === 'capturing' && isNewFile(status, expected))
    return mirrorVerdict(status, expected) ?? { kind: 'done', text: capturingText(status) };
  if (state === 'idle' && (reason === 'duration' || reason === 'packet-count'))
    return { kind: 'finished', text: `idle (${reason})` };
  return { kind: 'pending', text: reason === '' ? state : `${state}: ${reason}` };
}

/** Undefined when no mirror was requested, or the pod cannot have one. */
function mirrorVerdict(status: AgentStatus, { values, mirrors }: Expectation): Verdict | undefined {
  const { mirror = '' } = values;
  if (!mirrors || mirror === '') return undefined;
  const { state = '', reason = '', destination = '' } = status.mirror ?? {};
  // The container that mirrors may see a change later than the agent.
  if (state === '' || (destination !== '' && destination !== mirror))
    return { kind: 'pending', text: 'mirror: it has not seen the change yet' };
  if (state === 'mirroring') return { kind: 'done', text: `${capturingText(status)}, mirroring to ${destination}` };
  const text = `mirror: ${reason === '' ? state : reason}`;
  return state === 'invalid' ? { kind: 'refused', text } : { kind: 'pending', text };
}

/** Whether a capture has ended by its duration or its packet count. */
export function hasFinished({ state, reason }: AgentStatus): boolean {
  return state === 'idle' && (reason === 'duration' || reason === 'packet-count');
}

function hasTaken(
  { settings: taken, ...status }: AgentStatus,
  values: SettingValues,
  unknown: ReadonlySet<string>,
): boolean {
  if (taken !== undefined)
    return Object.entries(values).every(([name, value]) => unknown.has(name) || (taken[name] ?? '') === value);
  return (values.filter ?? status.filter ?? '') === (status.filter ?? '');
}

/** Settings that this agent does not have: its status names all that it has, once it has read them. */
function unknownSettings({ settings: taken }: AgentStatus, values: SettingValues): ReadonlySet<string> {
  if (taken?.['state'] === undefined) return new Set();
  // A destination with credentials is not shown.
  const isUnknown = ([name, value]: [string, string]): boolean =>
    value !== '' && taken[name] === undefined && !isDestination(name);
  return new Set(
    Object.entries(values)
      .filter(isUnknown)
      .map(([name]) => name),
  );
}

function ofVersion({ version }: AgentStatus): string {
  return version === undefined ? 'its version' : `its version ${plainText(version, 40)}`;
}

/**
 * Whether the agent writes a new file: right after a change its status may still have the old one. Some
 * changes begin no new file: those of destinations, and of what concerns kept files.
 */
function isNewFile(status: AgentStatus, { changed, fileBefore }: Expectation): boolean {
  return changed.every((name) => isHarmless(name)) || openFile(status) !== fileBefore;
}

/** The refusal of a value of this change; a refusal of an older value does not count. */
function isCurrent(values: SettingValues, setting: string, value: string | undefined): boolean {
  const wanted = values[setting as SettingName];
  return wanted === undefined || value === undefined || value === wanted;
}

function capturingText({ interfaces = [], filter = '' }: AgentStatus): string {
  return `capturing${interfaces.length === 0 ? '' : ` on ${interfaces.join(', ')}`}${filter === '' ? '' : `: ${filter}`}`;
}
