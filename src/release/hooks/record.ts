import { codedError, type CodedError } from '../../errors.ts';
import { isLabelName, isObjectName } from '../../objectNames.ts';
import { targetKinds, uniqueTargets, type TargetKind, type TargetObject } from './targetObject.ts';

/** The key in the record's ConfigMap. */
export const recordKey = 'targets';

/** The keys of the chart's values `injection.namespaceLabel` and `injection.annotation`. */
export interface InjectionKeys {
  readonly namespaceLabel: string;
  readonly annotation: string;
}

/**
 * The objects that a release may have opted in. They are recorded before they are changed; the
 * entry in the object itself shows which key was set.
 */
export interface TargetRecord {
  readonly keys: InjectionKeys;
  readonly objects: readonly TargetObject[];
}

const recordVersion = 1;

/** One line of JSON, the same for the same content. */
export function formatRecord({ keys, objects }: TargetRecord): string {
  const { namespaceLabel, annotation } = keys;
  const rows = uniqueTargets(objects).map(({ kind, namespace, name }) =>
    namespace === '' ? { kind, name } : { kind, namespace, name },
  );
  return JSON.stringify({ version: recordVersion, keys: { namespaceLabel, annotation }, objects: rows });
}

/**
 * Parses the output of {@link formatRecord}. Anything else is refused and never overwritten: it may name objects that
 * could not be found without it.
 * @param where the ConfigMap and key, for errors
 * @throws RECORD_INVALID
 */
export function parseRecord(text: string, where: string): TargetRecord {
  const fail = (what: string): CodedError =>
    codedError('RECORD_INVALID', `the record of what was opted in cannot be parsed: ${what}`, { where });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw fail('it is not JSON');
  }
  const { version, keys, objects } = fieldsOf(value);
  if (version !== recordVersion) throw fail(`its version is not ${recordVersion}`);
  const { namespaceLabel, annotation } = fieldsOf(keys);
  if (typeof namespaceLabel !== 'string' || typeof annotation !== 'string') throw fail('its keys are missing');
  if (!Array.isArray(objects)) throw fail('its objects are not a list');
  const rows = objects.map((row: unknown, index): TargetObject => {
    const { kind, namespace = '', name } = fieldsOf(row);
    const named =
      kind === 'Namespace' ? namespace === '' && isLabelName(name) : isLabelName(namespace) && isObjectName(name);
    if (!named || !targetKinds.includes(kind as TargetKind)) throw fail(`objects[${index}] does not name an object`);
    return { kind: kind as TargetKind, namespace: String(namespace), name: String(name) };
  });
  return { keys: { namespaceLabel, annotation }, objects: uniqueTargets(rows) };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
