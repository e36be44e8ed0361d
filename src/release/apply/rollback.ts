import { rethrowUnlessRecoverable } from '../../errors.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { ifPossible, readSome } from '../../kubernetes/reading.ts';
import { shell } from '../../shell.ts';
import { waitFlags } from '../helm/helmFlags.ts';
import type { ReleaseContext } from '../helm/helmUpgrade.ts';
import { removeHookObjects } from '../helm/hookObjects.ts';
import { readHistory, readManifests, type ReleaseHistory } from '../helm/release.ts';
import { objectsOf } from '../helm/renderedObjects.ts';
import { readTargetRecord } from './readTargetRecord.ts';
import { whileWatching } from './whileWatching.ts';

/**
 * Rolls back after a failure: the previous revision runs again, or a first install is removed.
 * @returns what happened, or what to do if the rollback failed: one sentence, for the hint of the error
 * @param before the history as it was before this command
 * @throws INTERRUPTED
 */
export async function rollBack(context: ReleaseContext, before: ReleaseHistory | undefined): Promise<string> {
  const { helm, release } = context;
  const at = ['--namespace', helm.namespace];
  try {
    if (before === undefined) return await removeFirstInstall(context);
    const { deployed } = before;
    if (deployed === undefined)
      return `No revision ever worked, so nothing can be rolled back to: ${shell`helm uninstall ${release} ${at}`} removes it.`;
    return await rollBackTo(context, deployed.revision);
  } catch (error) {
    rethrowUnlessRecoverable(error);
    context.report(`the rollback failed too: ${error.message}`);
    const deployed = before?.deployed;
    const line =
      deployed === undefined
        ? shell`helm uninstall ${release} ${at} --no-hooks`
        : shell`helm rollback ${release} ${deployed.revision} ${at}`;
    return `The rollback failed; do it by hand: ${line}.`;
  }
}

async function rollBackTo(context: ReleaseContext, revision: number): Promise<string> {
  const { helm, kubectl, release, strategy, timeoutSeconds, signal, report } = context;
  // There is nothing to roll back when helm refused before it recorded a revision.
  const history = await readHistory(helm, release);
  if (history?.last.revision === revision) return `Nothing was changed: revision ${revision} runs.`;
  report(`rolling back to revision ${revision}`);
  const args = ['rollback', release, String(revision), ...waitFlags(helm.version, strategy, timeoutSeconds)];
  await whileWatching(kubectl, release, report, async () => helm.run(args, { signal }));
  return `Rolled back: revision ${revision} runs again.`;
}

async function removeFirstInstall(context: ReleaseContext): Promise<string> {
  const { helm, kubectl, release, prefix, strategy, timeoutSeconds, signal, report } = context;
  const history = await readHistory(helm, release);
  if (history === undefined) {
    await removeNamespace(context);
    return 'Nothing was installed.';
  }
  report('removing what was installed');
  const hooks = objectsOf(await readManifests(helm, release, history.last.revision));
  // The opt-out hook runs an image that may be the cause of the failure, so it runs only if something was opted in.
  const record = await readTargetRecord(kubectl, `${prefix}-opt-in`);
  const flags = record === undefined ? ['--no-hooks'] : [];
  const args = ['uninstall', release, ...waitFlags(helm.version, strategy, timeoutSeconds), ...flags];
  await whileWatching(kubectl, release, report, async () => helm.run(args, { signal }));
  await removeHookObjects(kubectl, hooks);
  await removeNamespace(context);
  return 'Nothing is left.';
}

/** Removes a namespace that this command created, unless it has other objects. */
async function removeNamespace({ kubectl, helm, report, namespaceExists }: ReleaseContext): Promise<void> {
  if (namespaceExists) return;
  const left = await ifPossible(['?'], async () => foreignObjects(kubectl, helm.namespace));
  if (left.length > 0) {
    report(`namespace ${helm.namespace} stays: it is not empty`);
    return;
  }
  // Not waited for, because the kubelet may need long for a pod that never started.
  await kubectl(['delete', 'namespace', helm.namespace, '--ignore-not-found', '--wait=false']);
  report(`namespace ${helm.namespace} is removed too`);
}

const kinds =
  'pods,deployments.apps,statefulsets.apps,daemonsets.apps,jobs.batch,services,configmaps,secrets,serviceaccounts,persistentvolumeclaims';
const given = ['ConfigMap/kube-root-ca.crt', 'ServiceAccount/default'];

async function foreignObjects(kubectl: Kubectl, namespace: string): Promise<string[]> {
  const objects = await readSome<{
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  }>(kubectl, ['get', kinds, '--namespace', namespace]);
  const living = objects.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return living.map(({ kind, metadata }) => `${kind}/${metadata.name}`).filter((name) => !given.includes(name));
}
