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

/** Whether the first of two amounts is more, in CEL. */
const isMore = (amount: string, other: string): string => `quantity(${amount}).compareTo(quantity(${other})) > 0`;
const isZero = (amount: string): string => `quantity(${amount}).compareTo(quantity('0')) == 0`;

const annotations = 'object.metadata.annotations';

/** The amount in a pod's annotation, in CEL; the empty string when it is absent or not valid. */
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

/** The variables `cpuRequest`, `cpuLimit`, …; see amountsOfAnnotations. */
export const askedVariables: readonly Variable[] = (
  ['cpu-request', 'cpu-limit', 'memory-request', 'memory-limit'] as const
).map((name) => ({
  name: camelCase(name),
  expression: asked(name),
}));

/** The amounts of a container without any annotations of the pod. */
export interface OwnAmounts {
  /** Maps of amounts by resource, in CEL. */
  readonly requests: string;
  readonly limits: string;
  readonly fallback: ConfiguredResources['fallback'];
}

/**
 * The variables PREFIX`CpuWanted`, PREFIX`CpuMost` and PREFIX`CpuAmounts`, and the same for `Memory`: the request
 * before it is limited, the limit, and both together. They follow the rules of sidecarResources; the empty string means
 * none.
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
 * A map of the amounts of a container, in CEL: CPU, memory and storage if they are not empty, and the other resources.
 * In a pod with pod-level resources it is zero for summed limits, and there are no others.
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
