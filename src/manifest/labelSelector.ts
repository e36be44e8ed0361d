import { codedError } from '../errors.ts';

export type Labels = Readonly<Record<string, string | number | boolean | null>>;

/** True for labels that a selector selects. */
export type MatchLabels = (labels: Labels) => boolean;

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
 * `!=` and `notin` hold for a label that is absent, too (apimachinery, pkg/labels/selector.go).
 * @throws USAGE
 */
export function parseLabelSelector(text: string): MatchLabels {
  // A comma within parentheses parts values, not requirements.
  const requirements = text.split(/,(?![^(]*\))/).map((part) => matcherOf(part.trim(), text));
  return (labels) => requirements.every((matches) => matches(labels));
}

function matcherOf(part: string, text: string): MatchLabels {
  const groups = requirement.exec(part)?.groups;
  if (groups === undefined) {
    throw codedError('USAGE', `"${text}" is no label selector`, {
      where: '--selector',
      hint: "Write it as for kubectl: 'app=web,tier!=db,track in (canary, beta),!legacy'.",
    });
  }
  if (groups['name'] !== undefined) return presence(groups['name'], groups['exists'] !== '!');
  if (groups['equal'] !== undefined) return membership(groups['equal'], [groups['value'] ?? ''], groups['sign'] !== '!=');
  const values = (groups['values'] ?? '').split(',').map((item) => item.trim());
  return membership(groups['set'] ?? '', values, groups['operator'] === 'in');
}

function presence(name: string, wanted: boolean): MatchLabels {
  return (labels) => Object.hasOwn(labels, name) === wanted;
}

function membership(name: string, values: readonly string[], wanted: boolean): MatchLabels {
  return (labels) => (Object.hasOwn(labels, name) && values.includes(String(labels[name] ?? ''))) === wanted;
}
