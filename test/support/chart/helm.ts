import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { expect, inject } from 'vitest';
import { capture, type CommandResult } from '../../../scripts/cluster/command.ts';
import type { ChartOverrides } from '../../../src/chart/index.ts';
import type { ManifestObject } from '../../../src/release/helm/renderedObjects.ts';
import { type Site, site as defaultSite } from './valueSets.ts';

export type HelmMajor = 3 | 4;

/** The chart as it is committed. */
export const chart = join(import.meta.dirname, '../../../chart');

export type KubernetesObject = ManifestObject & {
  // The rest depends on the kind; each test knows what it looks for.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly [key: string]: any;
};

export interface RenderOptions {
  readonly major?: HelmMajor;
  readonly kubeVersion?: string;
  readonly site?: Site;
  readonly flags?: readonly string[];
  /** False: as the values are; else a registry is named where they name none. */
  readonly imagesNamed?: boolean;
}

type Json = Readonly<Record<string, unknown>>;

/** Of the images in these tests. */
export const registry = 'registry.example';

/** The values, with a registry for the images unless they name one: without it the chart renders nothing. */
export function withRegistry(values: unknown): Json {
  const given = values as Json;
  return { ...given, global: { imageRegistry: registry, ...(given['global'] as Json | undefined) } };
}

/** `helm template`, whatever its exit code; the values go in by standard input, as they are. */
export async function helmTemplate(values: unknown, options: RenderOptions = {}): Promise<CommandResult> {
  const { major = 4, kubeVersion = '1.37.0', site = defaultSite, flags = [] } = options;
  const input = JSON.stringify(options.imagesNamed === false ? values : withRegistry(values));
  const names = [site.release, chart, '--namespace', site.namespace, '--kube-version', kubeVersion];
  return capture([inject('helm')[major], 'template', ...names, '--values', '-', ...flags], { input });
}

/** The objects of the chart with these values, in an order of their own; hooks and tests are among them. */
export async function render(values: ChartOverrides, options: RenderOptions = {}): Promise<KubernetesObject[]> {
  const { exitCode, stdout, stderr } = await helmTemplate(values, options);
  expect(exitCode, stderr).toBe(0);
  return parseObjects(stdout);
}

export function parseObjects(yaml: string): KubernetesObject[] {
  const objects = loadAll(yaml).filter((object) => object != null) as KubernetesObject[];
  return objects.toSorted((one, other) => (idOf(one) < idOf(other) ? -1 : 1));
}

/** `Kind namespace/name` */
export function idOf({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}

export function ofKind(objects: readonly KubernetesObject[], kind: string, name?: string): KubernetesObject {
  const found = objects.filter(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  );
  expect(found.map(idOf), kind).toHaveLength(1);
  return found[0] as KubernetesObject;
}

/** The pod templates and pods among the objects: what is written as the spec of a pod, and where. */
export function podTemplates(
  objects: readonly KubernetesObject[],
): Array<{ readonly id: string; readonly metadata: KubernetesObject['metadata']; readonly spec: PodSpec }> {
  return objects.flatMap((object) => {
    const template =
      object.kind === 'Pod'
        ? object
        : ['Deployment', 'Job'].includes(object.kind)
          ? object['spec'].template
          : undefined;
    return template === undefined
      ? []
      : [{ id: idOf(object), metadata: template.metadata, spec: template.spec as PodSpec }];
  });
}

// oxlint-disable-next-line typescript/no-explicit-any
export type PodSpec = Readonly<Record<string, any>>;
