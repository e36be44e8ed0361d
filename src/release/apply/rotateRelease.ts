import { setTimeout as sleep } from 'node:timers/promises';
import { inspect, rotateOnce, type CertificateMaterial, type RotationStep } from '../../certificates/index.ts';
import { codedError } from '../../errors.ts';
import type { WorkloadObject } from '../../kubernetes/api/types.ts';
import { readSome } from '../../kubernetes/reading.ts';
import { rolloutProgress } from '../../kubernetes/rolloutProgress.ts';
import type { ReleaseContext } from '../helm/helmUpgrade.ts';
import { releaseSelector, type ReleaseJson } from '../helm/release.ts';
import { withMaterial, type Values } from '../helm/releaseValues.ts';
import { apply } from './apply.ts';
import { proveInjection } from './proof.ts';

/**
 * Milliseconds for every API server to use a stored configuration: they watch it, which takes a moment, and
 * with several of them no request shows which one has answered.
 */
const settleMs = 10_000;

/** What each step does, for people. */
export const rotationTexts: Readonly<Record<RotationStep, string>> = {
  'trust-both': 'step 1 of 3: both CAs are trusted',
  'serve-new': 'step 2 of 3: the new certificate is served',
  'drop-old': 'step 3 of 3: the old CA is removed',
};

/** Whether a rotation of this material is not complete. */
export function isRotating(material: CertificateMaterial, now: Date): boolean {
  return inspect(material, { now }).nextStep !== undefined;
}

/**
 * Waits until a step has reached everything: every injector has the new pod template, every API server has had time to
 * use the new configuration, and the probe is injected.
 * @throws INTERRUPTED, INJECTION_UNPROVEN, ROLLOUT_FAILED
 */
export async function waitUntilEverywhere(context: ReleaseContext, image: string): Promise<void> {
  const { kubectl, namespace, release, timeoutSeconds, signal, report } = context;
  const deadline = performance.now() + timeoutSeconds * 1000;
  for (;;) {
    const deployments = await readSome<WorkloadObject>(kubectl, [
      'get',
      'deployments.apps',
      '--selector',
      releaseSelector(release),
    ]);
    const waiting = deployments.map(rolloutProgress).find(({ done }) => !done);
    if (waiting === undefined) break;
    if (performance.now() > deadline) {
      throw codedError('ROLLOUT_FAILED', `not every injector has the new certificate: ${waiting.text}`, {
        hint: 'Run the command again to continue.',
      });
    }
    await pause(1000, signal);
  }
  report(`  waiting ${settleMs / 1000}s until the API servers use it`);
  await pause(settleMs, signal);
  await proveInjection(kubectl, { release, namespace, image, demands: context.demands }, signal);
}

/**
 * Takes the remaining steps, each of which is an upgrade. The material shows which ones remain, so a rotation that
 * was interrupted continues when the command runs again. Returns the release after the last step.
 * @throws as {@link apply} and {@link waitUntilEverywhere}
 */
export async function finishRotation(
  context: ReleaseContext,
  values: Values,
  begun: CertificateMaterial,
  image: string,
  now: () => Date,
): Promise<{ readonly release: ReleaseJson; readonly material: CertificateMaterial }> {
  let material = begun;
  for (;;) {
    await waitUntilEverywhere(context, image);
    const { step, material: next } = await rotateOnce(material, { now: now() });
    material = next;
    context.report(`rotation, ${rotationTexts[step]}`);
    const release = await apply(context, withMaterial(values, material));
    if (step === 'drop-old') {
      await waitUntilEverywhere(context, image);
      return { release, material };
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    throw codedError('INTERRUPTED', 'the rotation was interrupted', {
      hint: 'Run the command again with --rotate-certs: it continues from here.',
      cause: error,
    });
  }
}
