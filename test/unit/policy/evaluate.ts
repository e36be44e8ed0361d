import { celEnv, celMethod, CelScalar, isCelError, isCelList, isCelMap, parse, plan, type CelInput } from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';

/** From Kubernetes' own library of regular expressions. */
const find = celMethod('find', CelScalar.STRING, [CelScalar.STRING], CelScalar.STRING, function (pattern) {
  return new RegExp(pattern).exec(this)?.[0] ?? '';
});

const environment = celEnv({ funcs: [...strings, find] });
const plans = new Map<string, ReturnType<typeof plan>>();

/** What an expression yields, as plain data; whole numbers too are numbers. An expression that fails throws. */
export function evaluate(expression: string, variables: Readonly<Record<string, unknown>> = {}): unknown {
  const bindings = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, toCel(value)]));
  const program = plans.get(expression) ?? plan(environment, parse(expression));
  plans.set(expression, program);
  const result = program(bindings);
  if (isCelError(result)) throw new Error(`${expression}\n${result.message}`);
  return fromCel(result);
}

/** CEL reads a Map as a map; `has` looks for its keys. */
function toCel(value: unknown): CelInput {
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value !== 'object' || value === null) return value as CelInput;
  const entries = Object.entries(value).flatMap(([key, inner]) => (inner == null ? [] : [[key, toCel(inner)] as const]));
  return new Map(entries);
}

function fromCel(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (isCelList(value)) return [...value].map(fromCel);
  if (isCelMap(value)) return Object.fromEntries([...value].map(([key, inner]) => [key as string, fromCel(inner)]));
  return value;
}
