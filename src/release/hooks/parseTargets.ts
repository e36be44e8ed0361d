import { codedError, type CodedError } from '../../errors.ts';
import { isLabelName, isObjectName } from '../../objectNames.ts';
import { uniqueTargets, type TargetKind, type TargetObject } from './targetObject.ts';

/** The lists of a target, and their kinds. */
const lists = {
  deployments: 'Deployment',
  statefulSets: 'StatefulSet',
  daemonSets: 'DaemonSet',
} as const satisfies Record<string, TargetKind>;

const knownKeys: readonly string[] = ['namespace', ...Object.keys(lists)];

/**
 * Parses the chart's value `targets`: `[{"namespace": "shop", "deployments": ["web"]}]`. A namespace
 * that is named twice is one target; lists may be missing.
 * @param text JSON
 * @param where the flag, for errors
 * @throws TARGETS_INVALID
 */
export function parseTargets(text: string, where: string): readonly TargetObject[] {
  const fail = (what: string): CodedError => codedError('TARGETS_INVALID', what, { where });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw codedError('TARGETS_INVALID', 'the targets are not JSON', { where, cause });
  }
  if (!Array.isArray(value)) throw fail('the targets must be a list');
  return uniqueTargets(value.flatMap((target: unknown, index) => objectsOf(target, `targets[${index}]`, fail)));
}

function objectsOf(target: unknown, place: string, fail: (what: string) => CodedError): readonly TargetObject[] {
  if (typeof target !== 'object' || target === null || Array.isArray(target)) throw fail(`${place} must be a mapping`);
  const unknown = Object.keys(target).find((key) => !knownKeys.includes(key));
  if (unknown !== undefined) throw fail(`unknown key "${place}.${unknown}"; known are ${knownKeys.join(', ')}`);
  const fields = target as Readonly<Record<string, unknown>>;
  const { namespace } = fields;
  if (!isLabelName(namespace)) throw fail(`${place}.namespace must be the name of a namespace`);
  const workloads = Object.entries(lists).flatMap(([key, kind]) => {
    const names = fields[key] ?? [];
    if (!Array.isArray(names)) throw fail(`${place}.${key} must be a list of names`);
    return names.map((name: unknown, index): TargetObject => {
      if (!isObjectName(name)) throw fail(`${place}.${key}[${index}] must be the name of a ${kind}`);
      return { kind, namespace, name };
    });
  });
  return [{ kind: 'Namespace', namespace: '', name: namespace }, ...workloads];
}
