import fc from 'fast-check';
import { expect, test } from 'vitest';
import { storageOf } from '../../../../src/inject/podResources.ts';
import type { Container, ResourceRequirements } from '../../../../src/kubernetes/api/types.ts';
import { agentResources, amountsOfAnnotations, sidecarResources } from '../../../../src/sidecar/index.ts';
import { evaluate, inlined } from '../../../support/policy/evaluate.ts';

const suffixes = fc.constantFrom('', 'm', 'k', 'M', 'Mi', 'Gi', 'Ki', 'e3', 'E-2', 'P');
const good = fc
  .tuple(fc.oneof(fc.nat({ max: 2000 }).map(String), fc.constantFrom('0', '0.5', '.5', '1.', '16', '00')), suffixes)
  .map(([number, suffix]) => `${number}${suffix}`);
const bad = fc.constantFrom(
  '',
  'x',
  '-1',
  '+1',
  '1 ',
  ' 1',
  '1\n',
  '1K',
  '1n',
  '1u',
  '1E',
  '2P',
  '1e',
  '1e100',
  '9999999999999999',
  '1,5',
  '0x10',
  '1.2.3',
  '٣',
  'NaN',
);
const amounts = <T>(value: fc.Arbitrary<T>) =>
  fc.record({ cpu: value, memory: value, 'ephemeral-storage': value }, { requiredKeys: [] });
const annotation = fc.oneof({ arbitrary: good, weight: 3 }, { arbitrary: bad, weight: 1 });
const annotationsOf = fc.record(
  Object.fromEntries(
    ['cpu-request', 'cpu-limit', 'memory-request', 'memory-limit'].map((name) => [
      `packet-capture/${name}`,
      annotation,
    ]),
  ),
  { requiredKeys: [] },
);

interface Pod {
  readonly guaranteed: boolean;
  readonly containers: readonly Container[];
}
const mebibytes = 160;

/** What the policy gives the container that captures, of CPU, memory and storage. */
function evaluated(
  annotations: object,
  { requests = {}, limits = {} }: ResourceRequirements,
  { guaranteed, containers }: Pod,
): ResourceRequirements {
  const variables = { guaranteed, ownRequests: requests, ownLimits: limits, sizeMebibytes: BigInt(mebibytes) };
  const textOf = (name: string): string =>
    evaluate(inlined(name, Object.keys(variables)), {
      object: { metadata: { annotations }, spec: { containers } },
      variables,
    }) as string;
  const map = (kind: string): Record<string, string> => {
    const entries = [
      ['cpu', 'Cpu'],
      ['memory', 'Memory'],
      ['ephemeral-storage', 'Storage'],
    ].map(([name = '', part = '']) => [name, textOf(`own${part}${kind}`)] as const);
    return Object.fromEntries(entries.filter(([, amount]) => amount !== ''));
  };
  return { requests: map('Request'), limits: map('Limit') };
}

const stored = fc.constantFrom<Container[]>(
  [{ name: 'a' }],
  [{ name: 'a', resources: { requests: { 'ephemeral-storage': '1Gi' } } }],
  [{ name: 'a' }, { name: 'b', resources: { limits: { 'ephemeral-storage': '1Gi' } } }],
);

test('the resources that the policy gives a pod are those of every other way, whatever its annotations ask for', () => {
  fc.assert(
    fc.property(
      annotationsOf,
      amounts(good),
      amounts(good),
      fc.boolean(),
      stored,
      (annotations, requests, limits, guaranteed, containers) => {
        const own = { requests, limits };
        const pod = {
          guaranteed,
          amounts: amountsOfAnnotations(annotations as Record<string, string>),
          storage: storageOf({ containers }),
        };
        expect(evaluated(annotations, own, { guaranteed, containers })).toEqual({
          requests: {},
          limits: {},
          ...sidecarResources(pod, agentResources(own, mebibytes)),
        });
      },
    ),
    { numRuns: 200 },
  );
});
