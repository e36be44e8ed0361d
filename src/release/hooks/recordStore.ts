import { conflictAttempts, retryOnConflict } from '../../retryOnConflict.ts';
import type { ApiClient } from './apiClient.ts';
import { fieldManager } from './changeObjects.ts';
import { formatRecord, parseRecord, recordKey, type TargetRecord } from './record.ts';

/** The ConfigMap with a release's record. */
export interface RecordPlace {
  readonly namespace: string;
  readonly name: string;
}

interface ConfigMap {
  readonly metadata: { readonly resourceVersion?: string };
  readonly data?: Readonly<Record<string, string>>;
}

interface Stored {
  readonly record: TargetRecord | undefined;
  readonly text: string | undefined;
  readonly resourceVersion: string | undefined;
}

/**
 * Reads the record; undefined when there is none.
 * @throws RECORD_INVALID, and as {@link ApiClient}
 */
export async function readRecord(api: ApiClient, place: RecordPlace): Promise<TargetRecord | undefined> {
  return (await readStored(api, place)).record;
}

/**
 * Replaces the record; an equal record is not sent.
 * @param change is called with the present record, and again after a conflict
 * @returns whether it was written
 * @throws RECORD_INVALID, CONFLICT after the last attempt, and as {@link ApiClient}
 */
export async function updateRecord(
  api: ApiClient,
  place: RecordPlace,
  change: (record: TargetRecord | undefined) => TargetRecord,
): Promise<boolean> {
  return retryOnConflict(conflictAttempts, async () => {
    const { record, text, resourceVersion } = await readStored(api, place);
    const wanted = formatRecord(change(record));
    if (wanted === text) return false;
    const body = { metadata: { resourceVersion }, data: { [recordKey]: wanted } };
    await api({
      method: 'PATCH',
      path: `${pathOf(place)}?fieldManager=${fieldManager}`,
      body,
      what: describe('patch', place),
    });
    return true;
  });
}

async function readStored(api: ApiClient, place: RecordPlace): Promise<Stored> {
  const { body } = await api({ method: 'GET', path: pathOf(place), what: describe('get', place) });
  const { metadata, data } = body as ConfigMap;
  const text = data?.[recordKey];
  const record =
    text === undefined
      ? undefined
      : parseRecord(text, `configmap/${place.name} in ${place.namespace}, key ${recordKey}`);
  return { record, text, resourceVersion: metadata.resourceVersion };
}

function pathOf({ namespace, name }: RecordPlace): string {
  return `/api/v1/namespaces/${namespace}/configmaps/${name}`;
}

function describe(verb: string, { namespace, name }: RecordPlace): string {
  return `${verb} configmaps/${name} in namespace ${namespace}`;
}
