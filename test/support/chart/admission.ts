import { plan, parse, celEnv } from '@bufbuild/cel';
import type { KubernetesObject } from './helm.ts';

/** What an API server knows of a pod that is to be created. */
export interface Creation {
  readonly namespace: string;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly pod: {
    readonly metadata: {
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly spec: object;
  };
  readonly dryRun: boolean;
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: ReadonlyArray<{
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }>;
}

interface Webhook {
  readonly name: string;
  readonly namespaceSelector?: Selector;
  readonly objectSelector?: Selector;
  readonly matchConditions?: ReadonlyArray<{ readonly name: string; readonly expression: string }>;
}

/**
 * The webhooks of a configuration that an API server calls for a pod: both selectors and every condition hold. An
 * expression that fails throws, for none of ours may.
 */
export function matchingWebhooks(configuration: KubernetesObject, creation: Creation): string[] {
  const webhooks = configuration['webhooks'] as readonly Webhook[];
  return webhooks.filter((webhook) => matches(webhook, creation)).map(({ name }) => name);
}

function matches(webhook: Webhook, { namespace, namespaceLabels, pod, dryRun }: Creation): boolean {
  // The API server sets this label itself: nobody can take it away.
  const labels = { ...namespaceLabels, 'kubernetes.io/metadata.name': namespace };
  if (!selects(webhook.namespaceSelector ?? {}, labels)) return false;
  if (!selects(webhook.objectSelector ?? {}, pod.metadata.labels ?? {})) return false;
  return (webhook.matchConditions ?? []).every(({ expression }) =>
    holds(expression, { object: pod, request: { dryRun } }),
  );
}

/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
export function selects(
  { matchLabels = {}, matchExpressions = [] }: Selector,
  labels: Readonly<Record<string, string>>,
): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      if (operator === 'In') return value !== undefined && values.includes(value);
      if (operator === 'NotIn') return value === undefined || !values.includes(value);
      if (operator === 'Exists') return value !== undefined;
      if (operator === 'DoesNotExist') return value === undefined;
      throw new Error(`no operator ${operator}`);
    })
  );
}

const plans = new Map<string, ReturnType<typeof plan>>();

function holds(expression: string, variables: Readonly<Record<string, object>>): boolean {
  const run = plans.get(expression) ?? plan(celEnv(), parse(expression));
  plans.set(expression, run);
  const result = run(
    Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, toCel(value)])) as never,
  );
  if (typeof result !== 'boolean') throw new Error(`${expression}\n${JSON.stringify(result)}`);
  return result;
}

/** CEL reads a Map as a map; `has` looks for its keys. */
function toCel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).flatMap(([key, inner]) => (inner === undefined ? [] : [[key, toCel(inner)]])));
}
