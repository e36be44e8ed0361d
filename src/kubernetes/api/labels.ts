import { codedError } from '../../errors.ts';
import type { LabelSelector, SelectingObject } from './types.ts';

/** Labels of an object in a cluster. */
export type Labels = Readonly<Record<string, string>>;

/** Labels in a manifest, which the API server has not checked: a value may be of another type. */
export type UncheckedLabels = Readonly<Record<string, string | number | boolean | null>>;

/** One requirement of a label selector; matchLabels are written as `In` with one value. */
export interface Term {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** All requirements of a selector. An object must meet each of them. */
export function termsOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector): Term[] {
  const equal = Object.entries(matchLabels).map(([key, value]) => ({ key, operator: 'In', values: [value] }));
  return [...equal, ...matchExpressions.map(({ key, operator, values = [] }) => ({ key, operator, values }))];
}

/**
 * Whether labels meet a requirement, by the rules of the API server: `NotIn` also matches an absent label (apimachinery
 * pkg/labels/selector.go).
 */
export function holds({ key, operator, values }: Term, labels: UncheckedLabels): boolean {
  const value = Object.hasOwn(labels, key) ? String(labels[key] ?? '') : undefined;
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  if (operator === 'In') return value !== undefined && values.includes(value);
  return operator === 'NotIn' && (value === undefined || !values.includes(value));
}

/** A requirement as kubectl's `-l` takes it: `app=web`, `track in (canary,beta)`. */
export function termText({ key, operator, values }: Term): string {
  if (operator === 'Exists') return key;
  if (operator === 'DoesNotExist') return `!${key}`;
  const [only] = values;
  if (operator === 'In' && values.length === 1) return `${key}=${only ?? ''}`;
  return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
}

/** A label selector as kubectl's `-l` takes it; empty for one that selects everything. */
export function selectorText(selector: LabelSelector): string {
  return termsOf(selector).map(termText).join(',');
}

/** The selector of an object's pods. A Service and a ReplicationController have a plain map of labels. */
export function selectorOf({ kind, spec }: Pick<SelectingObject, 'kind' | 'spec'>): LabelSelector {
  const selector = spec?.selector ?? {};
  const plain = kind === 'Service' || kind === 'ReplicationController';
  return plain ? { matchLabels: selector as Readonly<Record<string, string>> } : selector;
}

const key = String.raw`[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?`;
const value = String.raw`([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?`;
const requirement = new RegExp(
  [
    String.raw`^(?<exists>!?)\s*(?<name>${key})$`,
    String.raw`^(?<equal>${key})\s*(?<sign>==?|!=)\s*(?<value>${value})$`,
    String.raw`^(?<set>${key})\s+(?<operator>in|notin)\s*\((?<values>\s*${value}\s*(,\s*${value}\s*)*)\)$`,
  ].join('|'),
);

/**
 * A label selector as kubectl's `-l` takes it: `app=web,tier!=db,track in (canary, beta),!legacy`.
 * `!=` and `notin` also match an absent label (apimachinery, pkg/labels/selector.go).
 * @throws USAGE
 */
export function parseLabelSelector(text: string): Term[] {
  // A comma in parentheses separates values, not requirements.
  return text.split(/,(?![^(]*\))/).map((part) => parseTerm(part.trim(), text));
}

function parseTerm(part: string, text: string): Term {
  const groups = requirement.exec(part)?.groups;
  if (groups === undefined) {
    throw codedError('USAGE', `"${text}" is not a label selector`, {
      where: '--selector',
      hint: "Write it as for kubectl: 'app=web,tier!=db,track in (canary, beta),!legacy'.",
    });
  }
  const { name, exists, equal, sign, set = '', operator } = groups;
  if (name !== undefined) return { key: name, operator: exists === '!' ? 'DoesNotExist' : 'Exists', values: [] };
  if (equal !== undefined)
    return { key: equal, operator: sign === '!=' ? 'NotIn' : 'In', values: [groups['value'] ?? ''] };
  const values = (groups['values'] ?? '').split(',').map((item) => item.trim());
  return { key: set, operator: operator === 'in' ? 'In' : 'NotIn', values };
}
