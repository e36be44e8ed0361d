import { templatePath } from '../../kubernetes/api/kinds.ts';
import { objectName, type WorkloadObject, templateAt, type Pod, type Namespace } from '../../kubernetes/api/types.ts';
import { controllerOf } from '../../kubernetes/owners.ts';
import { injectAnnotation, namespaceLabel, settingAnnotation, settings } from '../../settings/index.ts';
import { shell } from '../../shell.ts';
import type { Release } from '../read/releases.ts';
import { finding, type Finding } from './checkFindings.ts';

/** The keys by which namespaces and pods ask for injection: the project's own, and those of the releases. */
interface Keys {
  readonly pods: readonly string[];
  readonly namespaces: readonly string[];
}

function keysOf(releases: readonly Release[]): Keys {
  return {
    pods: [...new Set([injectAnnotation, ...releases.map(({ annotation }) => annotation)])],
    namespaces: [...new Set([namespaceLabel, ...releases.flatMap((release) => release.namespaceLabel ?? [])])],
  };
}

/** Requests for injection in places that nothing reads. Pure. */
export function placementFindings(
  releases: readonly Release[],
  {
    namespaces,
    workloads,
    pods,
  }: {
    readonly namespaces: readonly Namespace[];
    readonly workloads: readonly WorkloadObject[];
    readonly pods: readonly Pod[];
  },
): Finding[] {
  const keys = keysOf(releases);
  // An object that a controller made is left out: its owner's template must be corrected.
  const written = workloads.filter(({ metadata }) => controllerOf(metadata) === undefined);
  const bare = pods.filter(({ metadata }) => controllerOf(metadata) === undefined);
  return [
    ...namespaces.flatMap((namespace) => namespaceFindings(namespace, keys)),
    ...written.flatMap((object) => workloadFindings(object, keys)),
    ...bare.flatMap((pod) =>
      valueFindings(`pod/${pod.metadata.name} in ${pod.metadata.namespace ?? ''}`, pod.metadata, keys),
    ),
  ];
}

function namespaceFindings({ metadata }: Namespace, keys: Keys): Finding[] {
  const where = `namespace ${metadata.name}`;
  return keys.namespaces.flatMap((key) => {
    const value = metadata.labels?.[key];
    const line = shell`kubectl label namespace ${metadata.name} ${key}=enabled --overwrite`;
    // "disabled" is accepted too: readers of the article use it to switch injection off.
    if (value !== undefined && value !== 'enabled' && value !== 'disabled')
      return [finding('namespace_label_value', where, `its label ${key} is "${value}"`, line)];
    if (value === undefined && metadata.annotations?.[key] === 'enabled')
      return [finding('namespace_annotation', where, `${key} is an annotation, not a label`, line)];
    return [];
  });
}

function workloadFindings(object: WorkloadObject, keys: Keys): Finding[] {
  const path = templatePath(object.apiVersion, object.kind);
  if (path === undefined || path.length === 0) return [];
  const where = `${objectName(object)} in ${object.metadata.namespace ?? ''}`;
  const template = templateAt(object, path).metadata ?? {};
  const candidates = [...keys.pods, ...settings.map(({ name }) => settingAnnotation(name))];
  const misplaced = candidates.filter(
    (key) => object.metadata.annotations?.[key] !== undefined && template.annotations?.[key] === undefined,
  );
  return [
    ...(misplaced.length === 0
      ? []
      : [
          finding(
            'annotation_on_workload',
            where,
            `${misplaced.join(', ')} ${misplaced.length === 1 ? 'is' : 'are'} in metadata.annotations, not in those of its pod template`,
          ),
        ]),
    ...valueFindings(`the pod template of ${where}`, template, keys),
  ];
}

interface Marks {
  readonly labels?: Readonly<Record<string, string>> | null;
  readonly annotations?: Readonly<Record<string, string>> | null;
}

function valueFindings(where: string, { labels, annotations }: Marks, keys: Keys): Finding[] {
  return keys.pods.flatMap((key) => {
    const value = annotations?.[key];
    if (value !== undefined && value !== 'true' && value !== 'false')
      return [finding('annotation_value', where, `its annotation ${key} is "${value}"`)];
    if (value === undefined && labels?.[key] !== undefined)
      return [finding('annotation_as_label', where, `${key} is a label, not an annotation`)];
    return [];
  });
}
