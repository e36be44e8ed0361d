import { codedError, rethrowUnlessRecoverable } from '../../errors.ts';
import { shell } from '../../shell.ts';
import { waitFlags } from '../helm/helmFlags.ts';
import { upgrade, type ReleaseContext } from '../helm/helmUpgrade.ts';
import { readHistory, type ReleaseHistory, type ReleaseJson } from '../helm/release.ts';
import type { Values } from '../helm/releaseValues.ts';
import { eventNames, reportDiagnostics } from './diagnostics.ts';
import { whileWatching } from './whileWatching.ts';

/**
 * Installs or upgrades, waits, and reports the progress. On failure it reports the reasons; the release is left
 * unchanged, see rollback.ts.
 * @throws INTERRUPTED, HELM_FAILED
 */
export async function apply(context: ReleaseContext, values: Values): Promise<ReleaseJson> {
  const { helm, kubectl, afterwards, release, chart, prefix, strategy, timeoutSeconds, signal, report } = context;
  const flags = [
    ...(context.namespaceExists ? [] : ['--create-namespace']),
    ...waitFlags(helm.version, strategy, timeoutSeconds),
  ];
  const before = await eventNames(kubectl, context.namespace);
  try {
    return await whileWatching(kubectl, release, report, async () =>
      upgrade(helm, release, chart, values, flags, signal),
    );
  } catch (error) {
    rethrowUnlessRecoverable(error);
    report(`helm: ${error.message}`);
    const reason = await reportDiagnostics({
      kubectl: afterwards,
      release,
      namespace: context.namespace,
      prefix,
      before,
      report,
    });
    throw reason === undefined ? error : codedError(error.code, `${error.message}; ${reason}`, { cause: error });
  }
}

/** The error for Ctrl-C while helm was running: the state of the release, and what to do. */
export async function interrupted({ helm, release }: ReleaseContext): Promise<Error> {
  const where = `release ${release} in namespace ${helm.namespace}`;
  const history = await readHistory(helm, release);
  return codedError('INTERRUPTED', interruptionText(history), {
    where,
    hint: interruptionHint(history, release, helm.namespace),
  });
}

/** Pure. */
export function interruptionText(history: ReleaseHistory | undefined): string {
  if (history === undefined) return 'interrupted before anything was changed';
  const { last, deployed } = history;
  const before = deployed === undefined || deployed === last ? '' : `; revision ${deployed.revision} ran before`;
  return `interrupted: revision ${last.revision} is ${last.status}${before}`;
}

/** Pure. */
export function interruptionHint(history: ReleaseHistory | undefined, release: string, namespace: string): string {
  if (history === undefined) return 'Run the command again.';
  const { last, deployed } = history;
  const back =
    deployed === undefined
      ? shell`helm uninstall ${release} --namespace ${namespace}`
      : shell`helm rollback ${release} ${deployed.revision} --namespace ${namespace}`;
  if (last.status === 'deployed') return 'That revision runs; run the command again for the rest.';
  return last.status.startsWith('pending')
    ? `Helm refuses to continue until: ${back}.`
    : `Run the command again to continue, or go back: ${back}.`;
}
