import {
  amountAnnotation,
  amountPattern,
  largestAmount,
  leastMemoryLimit,
  storageName,
  type AmountName,
  type ConfiguredResources,
} from '../../sidecar/index.ts';
import { celOf, celString, type Variable } from './cel.ts';

/** Two amounts in CEL, of which the first is more. */
const isMore = (amount: string, other: string): string => `quantity(${amount}).compareTo(quantity(${other})) > 0`;
const isZero = (amount: string): string => `quantity(${amount}).compareTo(quantity('0')) == 0`;

const annotations = 'object.metadata.annotations';

/** The amount in a pod's annotation; the empty string when there is none, or one that is not valid. */
function asked(name: AmountName): string {
  const key = celString(amountAnnotation(name));
  const value = `string(${annotations}[${key}])`;
  return `has(${annotations}) && ${key} in ${annotations} && ${value}.matches(${celString(amountPattern)}) && !(${isMore(value, celString(largestAmount))})
? ${value}
: ''`;
}

/** `cpuRequest` for `cpu-request`. */
function camelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** `cpuRequest`, `cpuLimit`, …: see amountsOfAnnotations. */
export const askedVariables: readonly Variable[] = (
  ['cpu-request', 'cpu-limit', 'memory-request', 'memory-limit'] as const
).map((name) => ({
  name: camelCase(name),
  expression: asked(name),
}));

/** Where the amounts of a container are that the pod does not name. */
export interface OwnAmounts {
  /** Maps of amounts by name, in CEL. */
  readonly requests: string;
  readonly limits: string;
  readonly fallback: ConfiguredResources['fallback'];
}

/**
 * PREFIX and `CpuWanted`, `CpuMost`, `CpuAmounts`, and the same of `Memory`: what is requested before the limit counts,
 * the limit, and both as sidecarResources has them. The empty string for none.
 */
export function amountVariables(prefix: string, { requests, limits, fallback }: OwnAmounts): Variable[] {
  return (['cpu', 'memory'] as const).flatMap((name) => {
    const own = (amounts: string): string => `('${name}' in ${amounts} ? string(${amounts}['${name}']) : '')`;
    const [request, limit] = [`variables.${name}Request`, `variables.${name}Limit`];
    const title = `${prefix}${name === 'cpu' ? 'Cpu' : 'Memory'}`;
    const [wanted, most, ownLimit] = [
      `variables.${title}Wanted`,
      `variables.${title}Most`,
      `variables.${title}OwnLimit`,
    ];
    const raised =
      name === 'memory'
        ? `${isMore(celString(leastMemoryLimit), limit)} ? ${celString(leastMemoryLimit)} : ${limit}`
        : limit;
    const given = celString(fallback[name]);
    return [
      { name: `${title}Wanted`, expression: `${request} != '' ? ${request} : ${own(requests)}` },
      { name: `${title}OwnLimit`, expression: own(limits) },
      {
        name: `${title}Most`,
        expression: `${limit} != ''
? (${isZero(limit)} ? '' : ${raised})
: ${ownLimit} == '' || ${isZero(ownLimit)}
? ''
: ${request} != '' && ${isMore(request, ownLimit)} ? ${request} : ${ownLimit}`,
      },
      {
        name: `${title}Limit`,
        expression: `!variables.guaranteed || ${most} != ''
? ${most}
: ${wanted} != '' && ${isMore(wanted, given)} ? ${wanted} : ${given}`,
      },
      {
        name: `${title}Request`,
        expression: `variables.guaranteed || (${wanted} != '' && ${most} != '' && ${isMore(wanted, most)}) ? variables.${title}Limit : ${wanted}`,
      },
    ];
  });
}

/**
 * A map of the amounts of a container, in CEL: of CPU, memory and storage those that are not empty, and the others. A
 * pod with resources as a whole has zero of what it leaves to its containers, and no others.
 */
export function amountMap(prefix: string, kind: 'Request' | 'Limit', others: string): string {
  const zero = "(name in variables.summedLimits ? '0' : '')";
  const text = `(name == ${celString(storageName)} ? variables.${prefix}Storage${kind}
  : variables.podResources ? ${zero}
  : name == 'cpu' ? variables.${prefix}Cpu${kind} : variables.${prefix}Memory${kind})`;
  const ours = celOf(['cpu', 'memory', storageName]);
  return `(${ours}.filter(name, ${text} != '') + (variables.podResources ? [] : ${others}.map(name, string(name)).filter(name, !(name in ${ours}))))
.transformMapEntry(index, name, {name: string(name in ${ours} ? ${text} : ${others}[name])})`;
}
