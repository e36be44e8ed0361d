import { refusingSidecar } from '../dryRun/index.ts';
import { checkPods } from '../dryRun/podCheck.ts';
import { codedError } from '../errors.ts';
import { jsonPointer } from '../inject/index.ts';
import { objectName, type WorkloadObject, type PatchOperation, type PodTemplate } from '../kubernetes/api/types.ts';
import { kubectlJson } from '../kubernetes/kubectl.ts';
import { checkTarget } from '../kubernetes/target.ts';
import { workloadOf, type Workload } from '../kubernetes/workload.ts';
import { settingAnnotation, type SettingValues } from '../settings/index.ts';
import { shell } from '../shell.ts';
import { containerName, isPlaceholderImage, mirrorName } from '../sidecar/index.ts';
import { changeWorkload, type ChangeOptions, type ChangeResult } from '../ways/patch/changeWorkload.ts';
import { lacksMirror } from './mirrorHint.ts';
import { settingChanges } from './settingChanges.ts';

/**
 * A change of a workload's pod template that writes these settings into its annotations; an empty value removes one.
 */
export type PersistOptions = Omit<ChangeOptions, 'wait' | 'timeoutSeconds'> & { readonly settings: SettingValues };

/**
 * Checks, before anything is changed, that a target has a pod template whose pods would follow the settings, and that
 * the API server accepts its new pods.
 * @throws USAGE, KIND_UNSUPPORTED, NOT_INJECTABLE, POD_SECURITY, IMAGE_NOT_NAMED, NOT_FOUND and as Kubectl
 */
export async function checkPersistable(
  options: Pick<PersistOptions, 'kubectl' | 'target' | 'settings' | 'force'>,
): Promise<void> {
  const { kubectl, target, settings } = options;
  const { template, where, namespace } = workloadOf(
    await kubectlJson<WorkloadObject>(kubectl, ['get', checkTarget(target)]),
  );
  const again = shell`packet-capture unpatch ${target} -n ${namespace} && packet-capture patch ${target} -n ${namespace}`;
  const image = placeholderIn(template);
  if (image !== undefined) {
    throw codedError(
      'IMAGE_NOT_NAMED',
      `its pod template has the sidecar with the image ${image}, which cannot be pulled: new pods would not start`,
      {
        where,
        hint: `Add the sidecar again with an image: ${again} --image IMAGE; or inject its manifest with --image.`,
      },
    );
  }
  if (lacksMirror(template, settings)) {
    throw codedError('NOT_INJECTABLE', `its pod template has the sidecar without the container ${mirrorName}`, {
      where,
      hint: `Add the sidecar again: ${again} ${shell`--mirror ${settings.mirror ?? ''}`}; or inject its manifest with --mirror.`,
    });
  }
  // Notes are reported later, with the change itself.
  await persistSettings({ ...options, dryRun: true, report: () => undefined });
}

/** The placeholder image of the sidecar in a pod template; undefined when a real image is named. Pure. */
export function placeholderIn({ spec }: PodTemplate): string | undefined {
  return spec?.initContainers
    ?.map(({ name, image = '' }) => (name === containerName ? image : ''))
    .find(isPlaceholderImage);
}

/**
 * Sets annotations of a workload's pod template, so that later pods capture the same. This replaces the pods.
 * @returns undefined when the pod template has them already
 * @throws as {@link checkPersistable}, CONFLICT, POD_SECURITY
 */
export async function persistSettings(options: PersistOptions): Promise<ChangeResult | undefined> {
  const { kubectl, target, settings } = options;
  const workload = workloadOf(await kubectlJson<WorkloadObject>(kubectl, ['get', checkTarget(target)]));
  if (templateOperations(workload, settings).length === 0) {
    options.report(`${workload.where}: the pod template has these settings already`);
    return undefined;
  }
  const change: ChangeOptions = { ...options, wait: false, timeoutSeconds: 0 };
  return changeWorkload(change, {
    result: 'patched',
    decide: async (current) => ({
      change: true,
      warnings: [],
      operations: templateOperations(current, settings),
      check: async (stored) => checkNewPods(options, current, stored),
    }),
    undo: ({ object }) => `Look at the pods: ${shell`kubectl describe ${objectName(object)}`}.`,
  });
}

/** Checks the new pods, because a LimitRange may refuse, for example, a ring of another size. */
async function checkNewPods(
  { kubectl, force = false }: PersistOptions,
  workload: Workload,
  stored: PodTemplate,
): Promise<string[]> {
  return checkPods({ kubectl, workload, with: stored, without: refusingSidecar(stored), force });
}

/** JSON Patch for the annotations of a pod template. Pure. */
export function templateOperations(
  { template, path }: Pick<Workload, 'template' | 'path'>,
  settings: SettingValues,
): PatchOperation[] {
  const annotations = template.metadata?.annotations;
  const changes = settingChanges(annotations ?? {}, settings);
  if (changes.length === 0) return [];
  const metadata = [...path, 'metadata'];
  const operations = changes.map((change): PatchOperation => {
    const key = jsonPointer([...metadata, 'annotations', settingAnnotation(change.setting)]);
    return change.new === null ? { op: 'remove', path: key } : { op: 'add', path: key, value: change.new };
  });
  if (annotations != null) return operations;
  const parent = (keys: readonly string[]): PatchOperation => ({ op: 'add', path: jsonPointer(keys), value: {} });
  return [
    ...(template.metadata == null ? [parent(metadata)] : []),
    parent([...metadata, 'annotations']),
    ...operations,
  ];
}
