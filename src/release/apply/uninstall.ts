import { codedError, isCodedError } from '../../errors.ts';
import { unlessForbidden } from '../../kubernetes/reading.ts';
import { shell } from '../../shell.ts';
import { step, type Report } from '../../step.ts';
import { fieldsOf, parseJson } from '../../typed.ts';
import type { Helm } from '../helm/helm.ts';
import { waitFlags } from '../helm/helmFlags.ts';
import { hookObjectsOf, removeHookObjects } from '../helm/hookObjects.ts';
import { releaseSelector, readHistory, readManifests, type ReleaseHistory } from '../helm/release.ts';
import { intentOf, type Intent, type Values } from '../helm/releaseValues.ts';
import { inNamespace, serviceOf } from '../helm/renderedChart.ts';
import { nameOfObject, objectsOf, type ManifestObject } from '../helm/renderedObjects.ts';
import { kubectlIn, openTools, type Connection, type Tools } from '../helm/tools.ts';
import type { TargetRecord } from '../hooks/record.ts';
import { targetName } from '../hooks/targetObject.ts';
import { findLeftovers, isKept, type Leftover } from '../report/leftovers.ts';
import { kubectlLines } from '../report/targetsState.ts';
import { eventNames, reportDiagnostics } from './diagnostics.ts';
import { readTargetRecord } from './readTargetRecord.ts';
import { whileWatching } from './whileWatching.ts';

/**
 * The release to remove. `timeoutSeconds` is for each object that helm waits for; `confirm` is asked before anything
 * is changed.
 */
export interface UninstallOptions extends Connection {
  readonly release: string;
  readonly timeoutSeconds: number;
  readonly dryRun: boolean;
  readonly confirm: (question: string) => Promise<boolean>;
  readonly report: Report;
}

/** What was or would be removed; plain data, for people and for `-o json`. */
export interface UninstallResult {
  readonly result: 'uninstalled' | 'incomplete' | 'dry-run';
  readonly release: string;
  readonly namespace: string;
  /** The objects of the release. */
  readonly objects: readonly string[];
  /** The namespaces and workloads that it had opted in. */
  readonly targets: readonly string[];
  /** Objects that helm keeps because of their annotation. */
  readonly kept: readonly string[];
  readonly left: readonly Leftover[];
  /** Command lines that undo the opt-ins when the hooks are switched off. */
  readonly next: readonly string[];
}

/** Everything that is read of the release before it is removed. */
interface Present {
  readonly objects: readonly ManifestObject[];
  readonly record: TargetRecord | undefined;
  readonly intent: Intent;
  /** The prefix of the names of its objects. */
  readonly prefix: string;
  /** Their namespace. */
  readonly namespace: string;
}

/**
 * Removes a release and checks that nothing is left.
 * @throws NOT_FOUND, NOT_CONFIRMED, INTERRUPTED, HELM_FAILED when a hook fails, and as kubectl
 */
export async function uninstallRelease(options: UninstallOptions): Promise<UninstallResult> {
  const { release, namespace, report, dryRun } = options;
  const tools = await step(
    report,
    'tools',
    async () => openTools(options),
    ({ versions }) => `helm ${versions.helm}, kubectl ${versions.kubectl}, Kubernetes ${versions.kubernetes}`,
  );
  const history = await readHistory(tools.helm, release);
  if (history === undefined) {
    const hint = 'Check --release and --namespace: helm list --all-namespaces.';
    throw codedError('NOT_FOUND', 'the release does not exist', {
      where: `release ${release} in namespace ${namespace}`,
      hint,
    });
  }
  const present = await readPresent(tools, release, history);
  const objects = present.objects.filter((object) => hookObjectsOf([object]).length === 0);
  const facts = {
    release,
    namespace,
    objects: objects.filter((object) => !isKept(object)).map(nameOfObject),
    targets: (present.record?.objects ?? []).map(targetName),
    kept: objects.filter(isKept).map(nameOfObject),
    next: present.intent.hooks ? [] : kubectlLines(present.intent, true),
  };
  if (dryRun) return { result: 'dry-run', ...facts, left: [] };
  for (const object of facts.objects) report(`  to remove: ${object}`);
  for (const target of facts.targets) report(`  to opt out: ${target}`);
  if (
    !(await options.confirm(
      `Uninstall release ${release} in namespace ${namespace} (${facts.objects.length} objects, ${facts.targets.length} opted in)?`,
    ))
  ) {
    throw codedError('NOT_CONFIRMED', 'the answer was not yes');
  }
  await step(
    report,
    'uninstall',
    async () => remove(tools, options, present),
    () => 'done',
  );
  const left = await step(
    report,
    'checking for leftovers',
    async () => {
      await removeHookObjects(tools.kubectl, present.objects);
      return findLeftovers({
        kubectl: tools.kubectl,
        release,
        namespace: present.namespace,
        objects: present.objects,
        record: present.record,
        signal: options.signal,
      });
    },
    (found) => (found.length === 0 ? 'none' : `${found.length} objects`),
  );
  return { result: left.length === 0 ? 'uninstalled' : 'incomplete', ...facts, left };
}

async function readPresent({ helm, kubectl }: Tools, release: string, history: ReleaseHistory): Promise<Present> {
  const revisions = [...new Set([history.deployed?.revision ?? history.last.revision, history.last.revision])];
  const manifests = await Promise.all(revisions.map(async (revision) => readManifests(helm, release, revision)));
  const all = manifests.flatMap((text) => inNamespace(objectsOf(text), helm.namespace));
  const objects = [...new Map(all.map((object) => [nameOfObject(object), object])).values()];
  const { name: prefix, namespace } = serviceOf(objects) ?? { name: release, namespace: helm.namespace };
  const values: Values = fieldsOf(parseJson(await helm.run(['get', 'values', release, '--all', '--output=json'])));
  const record = await unlessForbidden(async () => readTargetRecord(kubectlIn(kubectl, namespace), `${prefix}-opt-in`));
  return { objects, record, intent: intentOf(values), prefix, namespace };
}

async function remove(tools: Tools, options: UninstallOptions, present: Present): Promise<void> {
  const { helm } = tools;
  const kubectl = kubectlIn(tools.kubectl, present.namespace);
  const { release, namespace, timeoutSeconds, signal, report } = options;
  const before = await eventNames(kubectl, present.namespace);
  try {
    await whileWatching(kubectl, release, report, async () => uninstall(helm, release, timeoutSeconds, signal));
  } catch (error) {
    if (!isCodedError(error)) throw error;
    const where = `release ${release} in namespace ${namespace}`;
    if (error.code === 'INTERRUPTED') {
      const history = await readHistory(helm, release);
      const state = history === undefined ? 'helm has removed its record' : `the release is ${history.last.status}`;
      const hint =
        history === undefined
          ? `See what is left: ${shell`kubectl get all,configmaps,secrets --namespace ${namespace} --selector ${releaseSelector(release)}`}.`
          : 'Run the command again to continue.';
      throw codedError('INTERRUPTED', `interrupted: ${state}`, { where, hint });
    }
    report(`helm: ${error.message}`);
    await reportDiagnostics({
      kubectl: kubectlIn(tools.afterwards, present.namespace),
      release,
      namespace: present.namespace,
      prefix: present.prefix,
      before,
      report,
    });
    const hint = `Correct it and run the command again; or uninstall without opting out: ${shell`helm uninstall ${release} --namespace ${namespace} --no-hooks`}.`;
    throw codedError('HELM_FAILED', error.message, { where, hint });
  }
}

async function uninstall(helm: Helm, release: string, timeoutSeconds: number, signal: AbortSignal): Promise<void> {
  await helm.run(['uninstall', release, ...waitFlags(helm.version, 'watcher', timeoutSeconds)], { signal });
}

/** The result for people, on standard output. */
export function formatUninstall({
  result,
  release,
  namespace,
  objects,
  targets,
  kept,
  left,
  next,
}: UninstallResult): string[] {
  const would = result === 'dry-run' ? 'would be removed' : 'removed';
  return [
    `release ${release} in namespace ${namespace}: ${would}: ${objects.length} objects, ${targets.length} opted in`,
    ...(result === 'dry-run'
      ? [...objects.map((object) => `  ${object}`), ...targets.map((target) => `  opted in: ${target}`)]
      : []),
    ...kept.map((object) => `kept because of its annotation: ${object}`),
    ...left.flatMap(({ object, line }) => [`left: ${object}`, `  ${line}`]),
    ...(next.length === 0
      ? []
      : ['the hooks are switched off; these commands undo the opt-ins:', ...next.map((line) => `  ${line}`)]),
  ];
}
