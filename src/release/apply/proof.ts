import { setTimeout as sleep } from 'node:timers/promises';
import { codedError, isForbidden, rethrowUnlessRecoverable } from '../../errors.ts';
import { type Kubectl, kubectlJson } from '../../kubernetes/kubectl.ts';
import { isInjected, notInjected, probePods, type ProbeRequest } from '../../ways/webhook/probe.ts';

/** Seconds for all API servers to see a new webhook configuration. */
const seconds = 20;

/** How many answers in a row must be injected: with several API servers, an answer shows the state of only one. */
const inARow = 3;

/**
 * Asks the API server for a pod in a dry run, until the answers show that the injector was called.
 * @returns false when the right to create pods is missing, so that nothing could be tested
 * @throws INJECTION_UNPROVEN, INTERRUPTED
 */
export async function proveInjection(kubectl: Kubectl, request: ProbeRequest, signal: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + seconds * 1000;
  const inputs = probePods(request).map((pod) => JSON.stringify(pod));
  let refusals = 0;
  for (let row = 0, why = ''; ;) {
    try {
      const pod = await kubectlJson<unknown>(kubectl, ['create', '--dry-run=server', '-f', '-'], {
        input: inputs[refusals % inputs.length] ?? '',
      });
      row = isInjected(pod) ? row + 1 : 0;
      if (row === inARow) return true;
      why = notInjected;
    } catch (error) {
      rethrowUnlessRecoverable(error);
      if (isForbidden(error)) return false;
      row = 0;
      refusals += 1;
      why = error.message;
    }
    if (row > 0) continue;
    if (performance.now() > deadline) {
      throw codedError('INJECTION_UNPROVEN', `injection does not work after ${seconds}s: ${why}`, {
        where: `release ${request.release} in namespace ${request.namespace}`,
      });
    }
    await sleep(1000, undefined, { signal }).catch(() => undefined);
  }
}
