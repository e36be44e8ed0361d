import { anyWorkload } from './dialog.ts';
import type { ExtcapInterface } from './interfaces.ts';

/** What the dialog has chosen, as arguments and flags of `stream` and `attach`. */
export interface Choice {
  /** A pod, or TYPE/NAME; undefined: by labels, or all that capture. */
  readonly pods: string | undefined;
  /** All pods of the namespace that capture. */
  readonly everyPod: boolean;
  readonly attach: boolean;
  /** By name in camel case; what was not filled in is absent. */
  readonly flags: Readonly<Record<string, string>>;
}

/** What the toolbar changes while it captures; empty: each pod's own. */
export interface SteeredValues {
  readonly filter: string;
  readonly snaplen: string;
}

/** What a call has of them. Pure. */
export function steeredOf(values: Readonly<Record<string, string>>): SteeredValues {
  const { filter = '', snaplen = '', 'extcap-capture-filter': other = '' } = values;
  return { filter: bothFilters(filter, other), snaplen };
}

/** Reads the values of a call. Pure. */
export function choiceOf(values: Readonly<Record<string, string>>, found: ExtcapInterface): Choice {
  const given = (name: string): string => values[name] ?? '';
  const [workload, pod, selector] = [given('workload'), given('pod'), given('selector')];
  const pods = pod === '' ? workload.replace(anyWorkload, '') : pod;
  const flags = {
    context: found.name,
    namespace: given('namespace') || (found.namespace ?? ''),
    selector,
    ...steeredOf(values),
    image: given('image'),
    reason: given('reason'),
  };
  return {
    pods: pods === '' ? undefined : pods,
    everyPod: workload === anyWorkload && pods === '' && selector === '',
    attach: given('attach') === 'true',
    flags: Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== '')),
  };
}

/** Wireshark has a field for a capture filter of its own; with both, a packet must pass both. */
function bothFilters(filter: string, other: string): string {
  if (filter === '' || other === '' || filter === other) return filter || other;
  return `(${filter}) and (${other})`;
}
