import {
  celEnv,
  celFunc,
  celMethod,
  CelScalar,
  isCelError,
  isCelList,
  isCelMap,
  parse,
  plan,
  type CelInput,
} from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { quantityAmount, sameQuantity } from '../../../src/quantity.ts';
import { policyExpressions } from '../../../src/ways/policy/index.ts';

/** From Kubernetes' own library of regular expressions. */
const find = celMethod('find', CelScalar.STRING, [CelScalar.STRING], CelScalar.STRING, function (pattern) {
  return new RegExp(pattern).exec(this)?.[0] ?? '';
});

/** Quantities, here as doubles. */
const quantities = [
  celFunc('quantity', [CelScalar.STRING], CelScalar.DOUBLE, quantityAmount),
  celMethod('compareTo', CelScalar.DOUBLE, [CelScalar.DOUBLE], CelScalar.INT, function (other) {
    return BigInt(sameQuantity(this, other) ? 0 : Math.sign(this - other));
  }),
  celMethod('sign', CelScalar.DOUBLE, [], CelScalar.INT, function () {
    return BigInt(Math.sign(this));
  }),
];

const environment = celEnv({ funcs: [...strings, find, ...quantities] });
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
  const entries = Object.entries(value).flatMap(([key, inner]) =>
    inner == null ? [] : [[key, toCel(inner)] as const],
  );
  return new Map(entries);
}

function fromCel(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (isCelList(value)) return [...value].map(fromCel);
  if (isCelMap(value)) return Object.fromEntries([...value].map(([key, inner]) => [key as string, fromCel(inner)]));
  return value;
}

/** The expression of one of the policy's variables. */
export function expressionOf(name: string): string {
  return policyExpressions.variables.find((variable) => variable.name === name)?.expression ?? `no variable ${name}`;
}

/** The same with the variables that it reads in their places, but for those that are given as values. */
export function inlined(name: string, given: readonly string[] = []): string {
  return `(${expressionOf(name).replaceAll(/variables\.(\w+)/g, (text, other: string) => (given.includes(other) ? text : inlined(other, given)))})`;
}
