import { isCodedError } from '../../errors.ts';
import { makeRetryingClient, type ApiClient, type ApiConnection } from './apiClient.ts';
import { changeAll, planAll, type Decide, type Planned } from './changeObjects.ts';
import { eventOf, finish, type Report, type TargetEvent } from './hookReport.ts';
import { planOptOut } from './planChange.ts';
import type { InjectionKeys, TargetRecord } from './record.ts';
import { readRecord, updateRecord, type RecordPlace } from './recordStore.ts';
import { targetName, withoutTargets, type TargetObject } from './targetObject.ts';

/** Whose targets are opted out. What is opted out stands in the record, not in the options. */
export interface OptOutOptions {
  readonly connection: ApiConnection;
  readonly release: string;
  /** The release's namespace. */
  readonly namespace: string;
  /** The record's ConfigMap, in the release's namespace. */
  readonly recordName: string;
  /** Targets that the release will opt in next, which stay. */
  readonly except: readonly TargetObject[];
  /** The keys that the release will set next. */
  readonly keys?: InjectionKeys | undefined;
  readonly report: Report;
}

/**
 * Opts out everything that is recorded and not in `except`. An object of `except` with another key is left to {@link
 * optIn}, which replaces the key in one patch, so that the pods are replaced only once. Objects that cannot be reached
 * and a missing record do not block an upgrade or an uninstall.
 * @throws RECORD_INVALID, TARGETS_INCOMPLETE at the end, and as the API client
 */
export async function optOutTargets({
  connection,
  release,
  namespace,
  recordName,
  except,
  keys,
  report,
}: OptOutOptions): Promise<void> {
  const api = makeRetryingClient(connection);
  const place = { namespace, name: recordName };
  const record = await readRecordIfAny(api, place, report);
  if (record === undefined) return;
  if (keys !== undefined && except.length > 0 && !sameKeys(record.keys, keys)) {
    report({
      event: 'keys_change',
      from: record.keys,
      to: keys,
      reason: 'opt-in replaces them in one change of each object',
    });
  }
  const decide: Decide = (present, { kind }) => planOptOut(present, kind, `${namespace}/${release}`);
  const planned = await planAll(api, withoutTargets(record.objects, except), decide);

  const events: TargetEvent[] = [];
  const tell = (result: Planned): void => {
    const event = optOutEvent(result);
    events.push(event);
    report(event);
  };
  const results = await changeAll(api, planned, decide, tell);
  const done = results
    .filter((row) => ('plan' in row ? row.plan.left === undefined : row.error.code === 'NOT_FOUND'))
    .map(({ object }) => object);
  const written = await updateRecord(api, place, (present) => ({
    keys: present?.keys ?? record.keys,
    objects: withoutTargets(present?.objects ?? record.objects, done),
  }));
  if (written) report({ event: 'recorded', record: recordName });
  finish(events, report);
}

/** The record; a release with hooks off, or that was never completely installed, has none or may not read it. */
async function readRecordIfAny(api: ApiClient, place: RecordPlace, report: Report): Promise<TargetRecord | undefined> {
  try {
    const record = await readRecord(api, place);
    if (record === undefined) report({ event: 'nothing_to_undo', reason: 'there is no record' });
    return record;
  } catch (error) {
    if (!isCodedError(error) || !['NOT_FOUND', 'FORBIDDEN'].includes(error.code)) throw error;
    report({ event: 'nothing_to_undo', code: error.code, reason: error.message });
    return undefined;
  }
}

function optOutEvent(result: Planned): TargetEvent {
  if ('plan' in result) return eventOf(result, 'opted_out');
  const object = targetName(result.object);
  const { code, message } = result.error;
  if (code === 'NOT_FOUND') return { event: 'gone', object };
  // With a deleted namespace its Roles are gone too, so a refusal does not show whether the object exists: it stays
  // recorded.
  if (code === 'FORBIDDEN') return { event: 'left', object, code, reason: message };
  return eventOf(result, 'opted_out');
}

function sameKeys(a: InjectionKeys, b: InjectionKeys): boolean {
  return a.namespaceLabel === b.namespaceLabel && a.annotation === b.annotation;
}
