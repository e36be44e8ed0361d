import { codedError, type CodedError } from '../../errors.ts';
import { isNamespaceName, isObjectName } from './parseTargets.ts';
import { targetKinds, uniqueTargets, type TargetKind, type TargetObject } from './targetObject.ts';

/** The key in the record's ConfigMap. */
export const recordKey = 'targets';

/** The keys of the chart's values `injection.namespaceLabel` and `injection.annotation`. */
export interface InjectionKeys {
  readonly namespaceLabel: string;
  readonly annotation: string;
}

/**
 * What a release may have set, written before it is set. It names objects that may carry the release's entry; the
 * entry itself says which key was set.
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
 * Reads what {@link formatRecord} wrote. Anything else is refused and never written over: it may name objects that
 * nobody would find again.
 * @param where the ConfigMap and key, for errors
 * @throws RECORD_INVALID
 */
export function parseRecord(text: string, where: string): TargetRecord {
  const fail = (what: string): CodedError =>
    codedError('RECORD_INVALID', `the record of what was opted in is not readable: ${what}`, { where });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw fail('it is no JSON');
  }
  const { version, keys, objects } = fieldsOf(value);
  if (version !== recordVersion) throw fail(`its version is not ${recordVersion}`);
  const { namespaceLabel, annotation } = fieldsOf(keys);
  if (typeof namespaceLabel !== 'string' || typeof annotation !== 'string') throw fail('its keys are missing');
  if (!Array.isArray(objects)) throw fail('its objects are no list');
  const rows = objects.map((row: unknown, index): TargetObject => {
    const { kind, namespace = '', name } = fieldsOf(row);
    const named =
      kind === 'Namespace'
        ? namespace === '' && isNamespaceName(name)
        : isNamespaceName(namespace) && isObjectName(name);
    if (!named || !targetKinds.includes(kind as TargetKind)) throw fail(`objects[${index}] names no object`);
    return { kind: kind as TargetKind, namespace: String(namespace), name: String(name) };
  });
  return { keys: { namespaceLabel, annotation }, objects: uniqueTargets(rows) };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
