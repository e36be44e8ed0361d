import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { readSome } from '../../kubernetes/reading.ts';
import { parseRecord, recordKey, type TargetRecord } from '../hooks/record.ts';

/**
 * Reads what the hook of a release has opted in; undefined when there is nothing.
 * @throws RECORD_INVALID and as Kubectl
 */
export async function readTargetRecord(kubectl: Kubectl, name: string): Promise<TargetRecord | undefined> {
  const [map] = await readSome<{ readonly data?: Readonly<Record<string, string>> }>(kubectl, [
    'get',
    'configmaps',
    name,
  ]);
  const text = map?.data?.[recordKey];
  if (text === undefined) return undefined;
  const record = parseRecord(text, `configmap/${name}`);
  return record.objects.length === 0 ? undefined : record;
}
