import { rethrowUnlessRecoverable } from '../../errors.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { ifPossible, readSome } from '../../kubernetes/reading.ts';
import { shell } from '../../shell.ts';
import { waitFlags } from '../helm/helmFlags.ts';
import { removeHookObjects } from '../helm/hookObjects.ts';
import { readHistory, readManifests, type ReleaseHistory } from '../helm/release.ts';
import { objectsOf } from '../helm/renderedObjects.ts';
import type { ReleaseContext } from '../helm/upgrade.ts';
import { readRecord } from './optInRecord.ts';
import { whileWatching } from './watch.ts';

/**
 * After a failure: the revision before runs again, or a first install leaves nothing behind. What happened, for the
 * hint of the error, one sentence; where it could not be done, what to do.
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
      return `No revision ever worked, so there is none to go back to: ${shell`helm uninstall ${release} ${at}`} removes it.`;
    return await rollBackTo(context, deployed.revision);
  } catch (error) {
    rethrowUnlessRecoverable(error);
    context.report(`taking it back failed too: ${error.message}`);
    const deployed = before?.deployed;
    const line =
      deployed === undefined
        ? shell`helm uninstall ${release} ${at} --no-hooks`
        : shell`helm rollback ${release} ${deployed.revision} ${at}`;
    return `It could not be taken back; do it by hand: ${line}.`;
  }
}

async function rollBackTo(context: ReleaseContext, revision: number): Promise<string> {
  const { helm, kubectl, release, strategy, timeoutSeconds, signal, report } = context;
  // Nothing to roll back when helm refused before it had recorded a revision of its own.
  const history = await readHistory(helm, release);
  if (history?.last.revision === revision) return `Nothing was changed: revision ${revision} runs.`;
  report(`rolling back to revision ${revision}`);
  const args = ['rollback', release, String(revision), ...waitFlags(helm.version, strategy, timeoutSeconds)];
  await whileWatching(kubectl, release, report, async () => helm.run(args, { signal }));
  return `Rolled back: what revision ${revision} was runs again.`;
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
  // The hook that undoes what was opted in runs the image that may be the trouble: only when there is something.
  const record = await readRecord(kubectl, `${prefix}-opt-in`);
  const flags = record === undefined ? ['--no-hooks'] : [];
  const args = ['uninstall', release, ...waitFlags(helm.version, strategy, timeoutSeconds), ...flags];
  await whileWatching(kubectl, release, report, async () => helm.run(args, { signal }));
  await removeHookObjects(kubectl, hooks);
  await removeNamespace(context);
  return 'Nothing of it is left.';
}

/** A namespace that this command has made goes again, unless somebody has put something into it. */
async function removeNamespace({ kubectl, helm, report, namespaceExists }: ReleaseContext): Promise<void> {
  if (namespaceExists) return;
  const left = await ifPossible(['?'], async () => foreignObjects(kubectl, helm.namespace));
  if (left.length > 0) {
    report(`namespace ${helm.namespace} stays: it is not empty`);
    return;
  }
  // Not waited for: the kubelet may take its time with a pod that never started.
  await kubectl(['delete', 'namespace', helm.namespace, '--ignore-not-found', '--wait=false']);
  report(`namespace ${helm.namespace} goes too`);
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
