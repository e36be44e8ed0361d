import { isDeepStrictEqual } from 'node:util';
import { valuesOfMaterial, type CertificateMaterial } from '../../certificates/index.ts';
import type { ChartValues } from '../../chart/values/index.ts';
import { ownFolder } from '../../ownFiles/ownFolder.ts';
import { assumedLevels, type AssumedLevel } from '../../sidecar/index.ts';
import { parseJson } from '../../typed.ts';
import type { ProbePodDemands } from '../../ways/webhook/probe.ts';
import type { Helm } from './helm.ts';
import { givenFlags, type GivenValues } from './helmFlags.ts';

/** Values of a chart as YAML has them, not checked by a schema. */
export type Values = Readonly<Record<string, unknown>>;

/** Whether the values of the release are dropped, or stay where no other value is given. */
export type ValuesMode = 'reset' | 'keep';

/**
 * The values of a release as helm will record them, merged by helm itself: files, `--set` and, if they are kept, those
 * of the release. From here on they are one document, passed by standard input, so that nothing can change in between.
 * @throws HELM_FAILED when a file or a `--set` cannot be read
 */
export async function mergeValues(helm: Helm, release: string, given: GivenValues, mode: ValuesMode): Promise<Values> {
  const verb =
    mode === 'keep' ? ['upgrade', '--reset-then-reuse-values', '--dry-run=server'] : ['install', '--dry-run=client'];
  const [command = '', ...flags] = verb;
  const text = await helm.run(
    [command, release, ownFolder('emptyChart'), ...flags, '--output=json', ...givenFlags(given)],
    {
      input: given.stdin,
    },
  );
  return fieldsOf(fieldsOf(parseJson(text))['config']);
}

/** Certificates are baked in unless the values name another mode; a policy needs none. */
export function withMode(values: Values, way: InjectionWay): Values {
  if (way === 'policy') return values;
  const certs = fieldsOf(values['certs']);
  return { ...values, certs: { ...certs, mode: certs['mode'] ?? 'baked' } };
}

/** The values for `--force`: the hook then opts in even workloads whose pods the API server would refuse. */
export function withForcedHooks(values: Values): Values {
  return { ...values, hooks: { ...fieldsOf(values['hooks']), force: true } };
}

/** The values with this material baked in. */
export function withMaterial(values: Values, material: CertificateMaterial): Values {
  return { ...values, certs: { ...fieldsOf(values['certs']), ...valuesOfMaterial(material).certs } };
}

/**
 * The values without the material that an earlier install has baked in, when they now name another mode: the chart
 * refuses both together. A policy keeps no material either, because a key that nothing uses
 * should not be in the record.
 */
export function withoutFormerMaterial(values: Values, before: Values | undefined, way: InjectionWay): Values {
  const [certs, former] = [fieldsOf(values['certs']), fieldsOf(before?.['certs'])];
  const stays = way === 'webhook' && (certs['mode'] ?? 'baked') === 'baked';
  if (former['mode'] !== 'baked' || stays) return values;
  const parts = ['caBundle', 'certificate', 'key', 'next', ...(way === 'policy' ? ['mode'] : [])];
  const kept = Object.entries(certs).filter(
    ([part, value]) => !parts.includes(part) || !isDeepStrictEqual(value, former[part]),
  );
  return { ...values, certs: Object.fromEntries(kept) };
}

/**
 * The chart's defaults merged with the given values, as templates see them: null removes a default.
 * @see helm:pkg/chart/common/util/coalesce.go
 */
export function coalesce(defaults: Values, given: Values): Values {
  const merged: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(given)) {
    const below = defaults[key];
    if (value === null) delete merged[key];
    else merged[key] = isObject(value) && isObject(below) ? coalesce(below, value) : value;
  }
  return merged;
}

/** An entry of the chart's `targets`, with empty lists for absent ones. */
export type Target = Required<ChartValues['targets'][number]>;

/** `webhook` or `policy`, as in the chart's `injection.way`. */
export type InjectionWay = ChartValues['injection']['way'];

/** `none`: a policy needs no certificate, so the mode in the values has no effect. */
export type CertsMode = ChartValues['certs']['mode'] | 'none';

/** The values that the installer reads. */
export interface Intent {
  readonly way: InjectionWay;
  readonly certsMode: CertsMode;
  readonly existingSecret: string;
  /** `none` for a policy. */
  readonly hooks: boolean;
  readonly namespaceLabel: string;
  readonly annotation: string;
  /** The level of namespaces without a Pod Security label. */
  readonly podSecurity: AssumedLevel;
  readonly excludedNamespaces: readonly string[];
  readonly targets: readonly Target[];
  /** Fields that the release's namespace may demand of every pod, as the chart passes them to its hook. */
  readonly demands: ProbePodDemands;
}

/** Reads values that the chart's schema has accepted: the chart's defaults merged with the given ones. */
export function intentOf(values: Values): Intent {
  const certs = fieldsOf(values['certs']);
  const injection = fieldsOf(values['injection']);
  const targets = Array.isArray(values['targets']) ? values['targets'] : [];
  const way = wayOf(values);
  return {
    way,
    certsMode: way === 'policy' ? 'none' : (certs['mode'] as CertsMode),
    existingSecret: textOf(certs['existingSecret']),
    hooks: way === 'webhook' && fieldsOf(values['hooks'])['enabled'] !== false,
    namespaceLabel: textOf(injection['namespaceLabel']),
    annotation: textOf(injection['annotation']),
    podSecurity: assumedLevels.find((level) => level === injection['podSecurity']) ?? 'auto',
    excludedNamespaces: textsOf(injection['excludedNamespaces']),
    targets: targets.map(targetOf),
    demands: demandsOf(values),
  };
}

function demandsOf(values: Values): ProbePodDemands {
  const hooks = fieldsOf(values['hooks']);
  const strings = (key: string, common: string): Readonly<Record<string, string>> => {
    const merged = { ...fieldsOf(values[common]), ...fieldsOf(hooks[key]) };
    return Object.fromEntries(
      Object.entries(merged).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  };
  const context = (key: string): Values =>
    [hooks[key], values[key]].map(fieldsOf).find((fields) => Object.keys(fields).length > 0) ?? {};
  return {
    labels: strings('podLabels', 'commonLabels'),
    annotations: strings('podAnnotations', 'commonAnnotations'),
    resources: fieldsOf(hooks['resources']),
    podSecurityContext: context('podSecurityContext'),
    securityContext: context('securityContext'),
  };
}

/** Reads merged values; charts from before the policy only have the webhook. */
export function wayOf(values: Values): InjectionWay {
  return fieldsOf(values['injection'])['way'] === 'policy' ? 'policy' : 'webhook';
}

function targetOf(value: unknown): Target {
  const fields = fieldsOf(value);
  return {
    namespace: textOf(fields['namespace']),
    deployments: textsOf(fields['deployments']),
    statefulSets: textsOf(fields['statefulSets']),
    daemonSets: textsOf(fields['daemonSets']),
  };
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value when it is an object, or an empty one. */
export function fieldsOf(value: unknown): Values {
  return isObject(value) ? value : {};
}

/** The value when it is a string, or the empty one. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
