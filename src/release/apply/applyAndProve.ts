import { codedError, isCodedError, rethrowUnlessRecoverable } from '../../errors.ts';
import { step } from '../../step.ts';
import type { ReleaseContext } from '../helm/helmUpgrade.ts';
import { readHistory, type ReleaseJson } from '../helm/release.ts';
import { imagesOf } from '../helm/renderedChart.ts';
import type { Tools } from '../helm/tools.ts';
import type { CertificatePlan } from '../plan/certificates.ts';
import type { InstallOptions } from '../plan/installOptions.ts';
import { releaseObjects, type PlannedInstall } from '../plan/releaseDryRun.ts';
import { apply, interrupted } from './apply.ts';
import { reportDiagnostics } from './diagnostics.ts';
import { proveInjection } from './proof.ts';
import { rollBack } from './rollback.ts';
import { finishRotation, isRotating, rotationTexts, waitUntilEverywhere } from './rotateRelease.ts';

/** What was done. */
export interface Done {
  readonly json: ReleaseJson;
  readonly certificates: CertificatePlan;
  /** False when the user may not create pods, so that it could not be tested. */
  readonly proven: boolean;
}

/**
 * Makes the change, checks that injection works and completes a rotation; on failure it rolls back.
 * @throws INTERRUPTED with the state of the release, INSTALL_FAILED
 */
export async function applyAndProve(
  tools: Tools,
  options: InstallOptions,
  planned: PlannedInstall,
  context: ReleaseContext,
): Promise<Done> {
  try {
    return await change(tools, options, planned, context);
  } catch (error) {
    if (isCodedError(error) && error.code === 'INTERRUPTED') throw await interrupted(context);
    throw error;
  }
}

async function change(
  tools: Tools,
  options: InstallOptions,
  planned: PlannedInstall,
  context: ReleaseContext,
): Promise<Done> {
  const { history } = planned.plan;
  const { report, release, namespace, signal } = options;
  const { certificates } = planned;
  // A dry run creates no pod, so any name works.
  const { injector: image = 'probe' } = imagesOf(releaseObjects(planned.json, tools));
  try {
    // If a rotation was interrupted, its last step may not have reached every injector.
    if (certificates.step !== undefined && certificates.step !== 'trust-both')
      await waitUntilEverywhere(context, image);
    if (certificates.step !== undefined) report(`rotation, ${rotationTexts[certificates.step]}`);
    const json = await step(
      report,
      history === undefined ? 'install' : 'upgrade',
      async () => apply(context, planned.values),
      ({ version }) => `revision ${version}`,
    );
    const proven = await step(
      report,
      'injection',
      async () =>
        proveInjection(
          context.kubectl,
          { release, namespace: context.namespace, image, demands: context.demands },
          signal,
        ),
      (works) => (works ? 'works: the API server injects a pod' : 'not tested: you may not create pods there'),
    );
    return await rotateFurther({ json, certificates, proven }, options, planned, context, image);
  } catch (error) {
    rethrowUnlessRecoverable(error, 'INSTALL_FAILED');
    const reason =
      error.code === 'INJECTION_UNPROVEN'
        ? await reportDiagnostics({
            kubectl: context.afterwards,
            release,
            namespace: context.namespace,
            prefix: context.prefix,
            before: new Set(),
            report,
          })
        : undefined;
    const hint = await rollBack(context, history);
    throw codedError('INSTALL_FAILED', reason === undefined ? error.message : `${error.message}; ${reason}`, {
      where: `release ${release} in namespace ${namespace}`,
      hint,
      cause: error,
    });
  }
}

/** The remaining steps of a rotation that this run has begun or continued. */
async function rotateFurther(
  done: Done,
  { report, now }: InstallOptions,
  { plan }: PlannedInstall,
  context: ReleaseContext,
  image: string,
): Promise<Done> {
  const { action, step: taken, material } = done.certificates;
  if (material === undefined || (taken === undefined && !isRotating(material, now()))) return done;
  if (action === 'keep') {
    report(
      'note: a rotation of the certificates is not complete; `packet-capture upgrade --rotate-certs` continues it',
    );
    return done;
  }
  const text = 'replaced by new ones';
  if (taken === 'drop-old') return { ...done, certificates: { ...done.certificates, text } };
  const finished = await orStop(context, async () => finishRotation(context, plan.values, material, image, now));
  return { ...done, json: finished.release, certificates: { ...done.certificates, material: finished.material, text } };
}

/**
 * A failed rotation rolls back to its last good step, where both CAs are trusted or everything is new. The state
 * before the rotation may not be trusted any more.
 * @throws INSTALL_FAILED, INTERRUPTED
 */
async function orStop<T>(context: ReleaseContext, rotate: () => Promise<T>): Promise<T> {
  try {
    return await rotate();
  } catch (error) {
    rethrowUnlessRecoverable(error);
    const back = await rollBack(context, await readHistory(context.helm, context.release));
    throw codedError('INSTALL_FAILED', `the rotation of the certificates stopped: ${error.message}`, {
      where: `release ${context.release} in namespace ${context.helm.namespace}`,
      hint: `${back} \`packet-capture upgrade --rotate-certs\` continues from there.`,
      cause: error,
    });
  }
}
