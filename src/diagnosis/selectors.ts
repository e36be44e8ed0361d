import type { LabelSelector } from '../cluster/kubernetes.ts';

export type Labels = Readonly<Record<string, string>>;

/** One requirement of a label selector; matchLabels are written as `In` with one value. */
export interface Term {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** All requirements of a selector; they are ANDed. */
export function termsOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector): Term[] {
  const equal = Object.entries(matchLabels).map(([key, value]) => ({ key, operator: 'In', values: [value] }));
  return [...equal, ...matchExpressions.map(({ key, operator, values = [] }) => ({ key, operator, values }))];
}

/** As the API server has it: `NotIn` holds for a label that is absent (apimachinery pkg/labels/selector.go). */
export function holds({ key, operator, values }: Term, labels: Labels): boolean {
  const value = labels[key];
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  if (operator === 'In') return value !== undefined && values.includes(value);
  return operator === 'NotIn' && (value === undefined || !values.includes(value));
}

/** `packet-capture/injection in (enabled)`, as kubectl's `-l` takes it; `key=value` where there is one value. */
export function termText({ key, operator, values }: Term): string {
  if (operator === 'Exists') return key;
  if (operator === 'DoesNotExist') return `!${key}`;
  const [only] = values;
  if (operator === 'In' && values.length === 1) return `${key}=${only ?? ''}`;
  return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
}
