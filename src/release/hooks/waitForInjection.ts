import { setTimeout as sleep } from 'node:timers/promises';
import { codedError, isCodedError } from '../../errors.ts';
import { isInjected, notInjected, startProof, type ProbeRequest } from '../../ways/webhook/probe.ts';
import type { ApiClient } from './apiClient.ts';
import type { Report } from './hookReport.ts';

/** The probe that is sent again and again, until it is injected or the time is over. */
export interface WaitOptions extends ProbeRequest {
  /** A client without repeats, because this function repeats. */
  readonly api: ApiClient;
  readonly timeoutSeconds: number;
  readonly report: Report;
}

const pauseMs = 250;
const failurePauseMs = 1000;
const reportEveryMs = 3000;

/**
 * Asks the API server for a pod, with `dryRun=All`, until the answer is injected three times in a row.
 * @throws INJECTION_UNPROVEN with the last reason
 */
export async function waitForInjection({ api, timeoutSeconds, report, ...probe }: WaitOptions): Promise<void> {
  const start = performance.now();
  const elapsedSeconds = (): number => Math.round((performance.now() - start) / 100) / 10;
  let reported = start;
  const proof = startProof(probe);
  for (let attempt = 1; ; attempt += 1) {
    const { reason, refused } = await probeOnce(api, probe.namespace, proof.pod());
    const answer = reason === undefined ? 'injected' : 'not injected';
    if (proof.add(refused ? 'refused' : answer)) {
      report({ event: 'injection_proven', attempts: attempt, elapsedSeconds: elapsedSeconds() });
      return;
    }
    const pause = reason === undefined ? pauseMs : failurePauseMs;
    if (elapsedSeconds() + pause / 1000 > timeoutSeconds)
      throw unproven(probe, timeoutSeconds, reason ?? 'there was no time to ask again');
    if (reason !== undefined && (attempt === 1 || performance.now() - reported >= reportEveryMs)) {
      reported = performance.now();
      report({ event: 'waiting_for_injection', attempts: attempt, elapsedSeconds: elapsedSeconds(), reason });
    }
    await sleep(pause);
  }
}

/** @returns why the pod was not injected, undefined when it was; and whether it was refused */
async function probeOnce(
  api: ApiClient,
  namespace: string,
  pod: object,
): Promise<{ readonly reason: string | undefined; readonly refused: boolean }> {
  try {
    const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
    const { body, warnings } = await api({
      method: 'POST',
      path,
      body: pod,
      what: `create pods in namespace ${namespace}`,
    });
    if (isInjected(body)) return { reason: undefined, refused: false };
    return { reason: [notInjected, ...warnings].join('; '), refused: false };
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return { reason: error.message, refused: true };
  }
}

function unproven({ release, namespace }: ProbeRequest, timeoutSeconds: number, reason: string): Error {
  return codedError('INJECTION_UNPROVEN', `no pod was injected within ${timeoutSeconds} s: ${reason}`, {
    where: `release ${release} in ${namespace}`,
    hint: `Look at \`kubectl -n ${namespace} get pods,endpointslices -l app.kubernetes.io/instance=${release}\`, at the injector's log, and at the service, path and caBundle of its MutatingWebhookConfiguration.`,
  });
}
