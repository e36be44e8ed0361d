import { isDeepStrictEqual } from 'node:util';
import jsonPatch, { type Operation } from 'fast-json-patch';
import { dump } from 'js-yaml';
import {
  additionPatch,
  planInjection,
  planRemoval,
  removalPatch,
  type InjectPlan,
  type RemovalPlan,
} from '../../../src/inject/index.ts';
import type { PatchOperation, PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig, type SidecarConfig } from '../../../src/sidecar/index.ts';
import { injectManifest, uninjectManifest } from '../../../src/ways/manifest/index.ts';
import type { PodFixture } from '../pods/index.ts';
import type { Way } from './laws.ts';

/** The functions that plan, so that a test can replace one by a wrong one. */
export interface Plans {
  readonly inject: (template: PodTemplate, fixture: PodFixture) => InjectPlan;
  readonly remove: (template: PodTemplate) => RemovalPlan;
}

export function plansFor(config: SidecarConfig = defaultSidecarConfig): Plans {
  return {
    inject: (template, { level, namespace }) =>
      planInjection(template, { config, settings: {}, podSecurity: level, namespace }),
    remove: (template) => planRemoval(template, config),
  };
}

/** Pods as plain data, changed by JSON Patches as the API server applies them. */
export function dataWay(plans: Plans): Way<PodTemplate> {
  return {
    write: ({ template }) => template,
    inject: (template, fixture) => {
      const plan = plans.inject(template, fixture);
      return plan.inject ? applied(template, additionPatch(template, plan.addition, [])) : template;
    },
    remove: (template) => {
      const plan = plans.remove(template);
      return plan.remove ? applied(template, removalPatch(template, plan.removal, [])) : template;
    },
    same: (a, b) => isDeepStrictEqual(stored(a), stored(b)),
  };
}

function applied(template: PodTemplate, patch: readonly PatchOperation[]): PodTemplate {
  return jsonPatch.applyPatch<PodTemplate>(structuredClone(template), structuredClone(patch) as Operation[], true)
    .newDocument;
}

/** Removes null and empty lists and maps, because Kubernetes stores them as absent. */
function stored(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stored);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, stored(item)] as const);
  return Object.fromEntries(entries.filter(([key, item]) => key === 'emptyDir' || (item != null && !isEmpty(item))));
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** The kinds of objects that can contain a fixture's pod. */
export type FixtureKind = 'Pod' | 'Deployment' | 'CronJob';

/** An object of a kind around a fixture's pod template. */
export function manifestOf(kind: FixtureKind, { name, template, namespace }: PodFixture): object {
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  if (kind === 'Pod')
    return { apiVersion: 'v1', kind, metadata: { ...template.metadata, ...metadata }, spec: template.spec };
  if (kind === 'CronJob')
    return {
      apiVersion: 'batch/v1',
      kind,
      metadata,
      spec: { schedule: '@yearly', jobTemplate: { spec: { template } } },
    };
  return { apiVersion: 'apps/v1', kind, metadata, spec: { template } };
}

/** Manifests as text, which are compared byte by byte. */
export function textWay(
  kind: FixtureKind,
  format: 'YAML' | 'JSON',
  config: SidecarConfig = defaultSidecarConfig,
): Way<string> {
  return {
    write: (fixture) => {
      const object = manifestOf(kind, fixture);
      return format === 'JSON'
        ? `${JSON.stringify(object, null, 2)}\n`
        : `# ${fixture.name}\n${dump(object, { lineWidth: 120 })}# end\n`;
    },
    inject: (text, { level }) =>
      injectManifest(text, { config, settings: {}, file: 'fixture', podSecurity: level }).text,
    remove: (text) => uninjectManifest(text, { config, file: 'fixture' }).text,
    same: (a, b) => a === b,
  };
}
