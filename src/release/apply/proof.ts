import { setTimeout as sleep } from 'node:timers/promises';
import { codedError, isForbidden, rethrowUnlessRecoverable } from '../../errors.ts';
import { type Kubectl, kubectlJson } from '../../kubernetes/kubectl.ts';
import { isInjected, notInjected, startProof, type ProbeRequest } from '../../ways/webhook/probe.ts';

/** Seconds for all API servers to see a new webhook configuration. */
const seconds = 20;

/**
 * Asks the API server for a pod in a dry run, until the answers show that the injector was called.
 * @returns false when the right to create pods is missing, so that nothing could be tested
 * @throws INJECTION_UNPROVEN, INTERRUPTED
 */
export async function proveInjection(kubectl: Kubectl, request: ProbeRequest, signal: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + seconds * 1000;
  const proof = startProof(request);
  for (;;) {
    let why = notInjected;
    try {
      const pod = await kubectlJson<unknown>(kubectl, ['create', '--dry-run=server', '-f', '-'], {
        input: JSON.stringify(proof.pod()),
      });
      const injected = isInjected(pod);
      if (proof.add(injected ? 'injected' : 'not injected')) return true;
      if (injected) continue;
    } catch (error) {
      rethrowUnlessRecoverable(error);
      if (isForbidden(error)) return false;
      proof.add('refused');
      why = error.message;
    }
    if (performance.now() > deadline) {
      throw codedError('INJECTION_UNPROVEN', `injection does not work after ${seconds}s: ${why}`, {
        where: `release ${request.release} in namespace ${request.namespace}`,
      });
    }
    await sleep(1000, undefined, { signal }).catch(() => undefined);
  }
}
