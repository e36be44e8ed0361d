import { setTimeout as sleep } from 'node:timers/promises';
import { codedError, isCodedError, type CodedError } from '../../errors.ts';
import type { ApiClient } from './apiClient.ts';
import type { ApiObject, Plan } from './optInPlan.ts';
import { resourceOf, targetPath, type TargetObject } from './targetObject.ts';

/** Who writes, in the objects' managedFields. */
export const fieldManager = 'packet-capture-hook';

/** An object as it was read, with what is to be done; or why it cannot be. */
export type Planned =
  | { readonly object: TargetObject; readonly plan: Plan }
  | { readonly object: TargetObject; readonly error: CodedError };

/** What is to be done with an object as it is now. */
export type Decide = (present: ApiObject, object: TargetObject) => Plan;

/** Reads and plans one after the other, in their order. */
export async function planAll(
  api: ApiClient,
  objects: readonly TargetObject[],
  decide: Decide,
): Promise<readonly Planned[]> {
  const planned: Planned[] = [];
  for (const object of objects) planned.push(await planTarget(api, object, decide));
  return planned;
}

/** API servers judge pods by their own copy of the namespaces' labels, which may be a moment old. */
const settleMs = 1000;

/**
 * Sends the planned changes: namespaces, then workloads, whose new pods are to meet the new labels.
 * @param follow has the last word about a workload once the namespaces are done
 * @param tell gets each result as soon as there is one
 * @param check has the very last word, right before a workload is changed
 */
export async function changeAll(
  api: ApiClient,
  planned: readonly Planned[],
  decide: Decide,
  tell: (result: Planned) => void,
  follow: (workload: Planned, namespaces: readonly Planned[]) => Planned = (workload) => workload,
  check: (workload: Planned) => Promise<Planned> = async (workload) => workload,
): Promise<readonly Planned[]> {
  const change = async (rows: readonly Planned[]): Promise<readonly Planned[]> => {
    const results: Planned[] = [];
    for (const row of rows) {
      const result = await changeTarget(api, await check(row), decide);
      tell(result);
      results.push(result);
    }
    return results;
  };
  const isNamespace = ({ object }: Planned): boolean => object.kind === 'Namespace';
  const namespaces = await change(planned.filter(isNamespace));
  const workloads = planned.filter((row) => !isNamespace(row)).map((row) => follow(row, namespaces));
  if (namespaces.some(hasPatch) && workloads.some(hasPatch)) await sleep(settleMs);
  return [...namespaces, ...(await change(workloads))];
}

function hasPatch(row: Planned): boolean {
  return 'plan' in row && row.plan.patch !== undefined;
}

/** Reads an object and plans its change; an error of the API is a result, so that the others go on. */
async function planTarget(api: ApiClient, object: TargetObject, decide: Decide): Promise<Planned> {
  try {
    return { object, plan: decide(await readTarget(api, object), object) };
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return { object, error };
  }
}

const attempts = 5;

/**
 * Sends the planned change. When somebody else has changed the object meanwhile it is read and planned again.
 * @returns what was sent in the end; CONFLICT after five attempts
 */
async function changeTarget(api: ApiClient, planned: Planned, decide: Decide): Promise<Planned> {
  const { object } = planned;
  let current = planned;
  for (let attempt = 1; 'plan' in current && current.plan.patch !== undefined; attempt += 1) {
    try {
      await api({
        method: 'PATCH',
        path: `${targetPath(object)}?fieldManager=${fieldManager}`,
        body: current.plan.patch,
        what: describe('patch', object),
      });
      return current;
    } catch (error) {
      if (!isCodedError(error)) throw error;
      if (error.code !== 'CONFLICT' || attempt === attempts) return { object, error };
      current = await planTarget(api, object, decide);
    }
  }
  return current;
}

async function readTarget(api: ApiClient, object: TargetObject): Promise<ApiObject> {
  const what = describe('get', object);
  const { body } = await api({ method: 'GET', path: targetPath(object), what });
  if (typeof body !== 'object' || body === null || !('metadata' in body))
    throw codedError('API_FAILED', `${what}: the answer is no object`);
  return body as ApiObject;
}

/** `patch deployments/web in namespace shop`: the verb, the resource and the namespace that RBAC judges by. */
function describe(verb: string, { kind, namespace, name }: TargetObject): string {
  return `${verb} ${resourceOf(kind)}/${name} in namespace ${namespace === '' ? name : namespace}`;
}
