import { setTimeout as sleep } from 'node:timers/promises';
import { codedError, isCodedError, type CodedError } from '../../errors.ts';
import { conflictAttempts, retryOnConflict } from '../../retryOnConflict.ts';
import type { ApiClient } from './apiClient.ts';
import type { ApiObject, Plan } from './planChange.ts';
import { resourceOf, targetPath, type TargetObject } from './targetObject.ts';

/** The field manager in the objects' managedFields. */
export const fieldManager = 'packet-capture-hook';

/** An object that was read, with its planned change, or an error. */
export type Planned =
  | { readonly object: TargetObject; readonly plan: Plan }
  | { readonly object: TargetObject; readonly error: CodedError };

/** Plans the change of an object from its present state. */
export type Decide = (present: ApiObject, object: TargetObject) => Plan;

/** Reads and plans the objects one after the other. */
export async function planAll(
  api: ApiClient,
  objects: readonly TargetObject[],
  decide: Decide,
): Promise<readonly Planned[]> {
  const planned: Planned[] = [];
  for (const object of objects) planned.push(await planTarget(api, object, decide));
  return planned;
}

/** Milliseconds to wait after a change of namespaces: API servers check pods with a cached copy of their labels. */
const settleMs = 1000;

/**
 * Sends the planned changes: first namespaces, then workloads, whose new pods need the new labels.
 * @param follow may change the plan of a workload after the namespaces are done
 * @param tell is called with each result
 * @param check may refuse a change right before a workload is changed
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

/**
 * Reads an object and plans its change; an error of the API is a result, so that the other objects are still changed.
 */
async function planTarget(api: ApiClient, object: TargetObject, decide: Decide): Promise<Planned> {
  try {
    return { object, plan: decide(await readTarget(api, object), object) };
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return { object, error };
  }
}

/**
 * Sends the planned change. If somebody else has changed the object in the meantime, it is read and planned again.
 * @returns what was sent; CONFLICT after the last attempt
 */
async function changeTarget(api: ApiClient, planned: Planned, decide: Decide): Promise<Planned> {
  const { object } = planned;
  try {
    return await retryOnConflict(conflictAttempts, async (number) => {
      const current = number === 1 ? planned : await planTarget(api, object, decide);
      if (!('plan' in current) || current.plan.patch === undefined) return current;
      await api({
        method: 'PATCH',
        path: `${targetPath(object)}?fieldManager=${fieldManager}`,
        body: current.plan.patch,
        what: describe('patch', object),
      });
      return current;
    });
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return { object, error };
  }
}

async function readTarget(api: ApiClient, object: TargetObject): Promise<ApiObject> {
  const what = describe('get', object);
  const { body } = await api({ method: 'GET', path: targetPath(object), what });
  if (typeof body !== 'object' || body === null || !('metadata' in body))
    throw codedError('API_FAILED', `${what}: the answer is not an object`);
  return body as ApiObject;
}

/** `patch deployments/web in namespace shop`: the verb, the resource and the namespace as in RBAC. */
function describe(verb: string, { kind, namespace, name }: TargetObject): string {
  return `${verb} ${resourceOf(kind)}/${name} in namespace ${namespace === '' ? name : namespace}`;
}
