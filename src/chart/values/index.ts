import { capture } from './capture.ts';
import { certs } from './certs.ts';
import { workload } from './deployment.ts';
import { extras } from './extras.ts';
import { hooks } from './hooks.ts';
import { agent, injectorImage } from './images.ts';
import { injection, sidecar, targets } from './injection.ts';
import { metrics } from './metrics.ts';
import {
  commonAnnotations,
  commonLabels,
  fullnameOverride,
  globalValues,
  nameOverride,
  namespaceOverride,
} from './naming.ts';
import { networkPolicy, service, serviceAccount } from './network.ts';
import { rbac } from './rbac.ts';
import { isGroup, type Fields, type Json, type Node, type Overrides, type ValuesOf } from './tree.ts';
import { webhook } from './webhook.ts';

/**
 * Everything that a user can set: the one source of values.yaml, values.schema.json, the table in the chart's README
 * and {@link ChartValues}. Its order is theirs.
 */
export const valuesTree = {
  injection,
  targets,
  capture,
  agent,
  sidecar,
  image: injectorImage,
  certs,
  webhook,
  hooks,
  ...workload,
  serviceAccount,
  rbac,
  service,
  networkPolicy,
  metrics,
  ...extras,
  nameOverride,
  fullnameOverride,
  namespaceOverride,
  commonLabels,
  commonAnnotations,
  global: globalValues,
} as const satisfies Fields;

/** All values of the chart. */
export type ChartValues = ValuesOf<typeof valuesTree>;

/** The values that a user may set, as in a file for `--values`. */
export type ChartOverrides = Overrides<ChartValues>;

/** The default values of the chart. */
export function defaultValues(): ChartValues {
  return valuesOf(valuesTree) as unknown as ChartValues;
}

function valuesOf(fields: Fields): Json {
  return Object.fromEntries(Object.entries(fields).map(([key, node]) => [key, valueOf(node)]));
}

function valueOf(node: Node): unknown {
  if (!isGroup(node)) return node.default;
  return node.unset === true ? {} : valuesOf(node.fields);
}

export * as kubernetes from './kubernetesSchemas.ts';
export { isGroup, type Fields, type Group, type Leaf, type Node, type Schema } from './tree.ts';
export type { Target } from './injection.ts';
