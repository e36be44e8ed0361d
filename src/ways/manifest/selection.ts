import { codedError } from '../../errors.ts';
import { holds, parseLabelSelector, type UncheckedLabels } from '../../kubernetes/api/labels.ts';
import type { Kinds } from './templateKinds.ts';

/** Which workloads are selected. An absent member selects all. */
export interface SelectionText {
  /** As kubectl takes them: `deploy`, `deployments`, `Deployment`. */
  readonly kinds?: readonly string[] | undefined;
  readonly names?: readonly string[] | undefined;
  /** A selector of the workload's own labels, not those of its pods. */
  readonly selector?: string | undefined;
}

/** What a selection needs to know about a workload. */
export interface Selectable {
  readonly kind: string;
  readonly name: string;
  readonly labels: UncheckedLabels;
}

/** Whether a workload is selected. */
export type Selects = (workload: Selectable) => boolean;

const shortNames: Readonly<Record<string, string>> = {
  po: 'pod',
  rc: 'replicationcontroller',
  deploy: 'deployment',
  rs: 'replicaset',
  ds: 'daemonset',
  sts: 'statefulset',
  cj: 'cronjob',
  ro: 'rollout',
  dc: 'deploymentconfig',
  ksvc: 'service',
};

/**
 * Parses a selection.
 * @returns undefined when all workloads are selected
 * @throws USAGE for a kind without a pod template, and for a selector that cannot be parsed
 */
export function parseSelection({ kinds = [], names = [], selector }: SelectionText, known: Kinds): Selects | undefined {
  if (kinds.length === 0 && names.length === 0 && selector === undefined) return undefined;
  const wantedKinds = new Set(kinds.map((text) => kindOf(text, known)));
  const wantedNames = new Set(names);
  const terms = selector === undefined ? [] : parseLabelSelector(selector);
  return ({ kind, name, labels }) =>
    (wantedKinds.size === 0 || wantedKinds.has(kind)) &&
    (wantedNames.size === 0 || wantedNames.has(name)) &&
    terms.every((term) => holds(term, labels));
}

function kindOf(text: string, { names }: Kinds): string {
  const word = text.replace(/\..*/, '').toLowerCase();
  const wanted = shortNames[word] ?? word;
  const found = names.find((kind) => [kind.toLowerCase(), `${kind.toLowerCase()}s`].includes(wanted));
  if (found !== undefined) return found;
  throw codedError('USAGE', `a "${text}" has no pod template`, {
    where: '--kind',
    hint: `Known are ${names.join(', ')}; name others by --template-path.`,
  });
}
