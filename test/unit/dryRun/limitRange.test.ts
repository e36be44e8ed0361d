import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  fitSidecar,
  violationsIn,
  withDefaults,
  type LimitRange,
  type LimitRangeItem,
} from '../../../src/dryRun/limitRange.ts';
import { quantityText } from '../../../src/dryRun/podAmounts.ts';
import { podUsage } from '../../../src/dryRun/usage.ts';
import type { PodSpec } from '../../../src/kubernetes/api/types.ts';

type Amounts = Readonly<Record<string, string>>;

const sidecar = {
  name: 'packet-capture',
  restartPolicy: 'Always',
  resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '250m', memory: '64Mi' } },
};

function podWith(requests: Amounts = {}, limits: Amounts = {}): PodSpec {
  return { containers: [{ name: 'app', resources: { requests, limits } }], initContainers: [sidecar] };
}

function range(...limits: readonly LimitRangeItem[]): LimitRange[] {
  return [{ metadata: { name: 'limits' }, spec: { limits } }];
}

function fitOf(spec: PodSpec, ranges: readonly LimitRange[], equal = false): object {
  const found = fitSidecar({ spec: withDefaults(spec, ranges), containers: ['packet-capture'], ranges, equal });
  if ('impossible' in found) return found;
  return Object.fromEntries(
    Object.entries(found.fit).map(([name, { request, limit }]) => [
      name,
      `${quantityText(name, request)}/${quantityText(name, limit)}`,
    ]),
  );
}

test('for a ratio of limit to request (case 22), the requests rise and the limits stay', () => {
  const ranges = range({
    type: 'Container',
    maxLimitRequestRatio: { cpu: '4', memory: '2' },
    default: { cpu: '400m', memory: '256Mi' },
    defaultRequest: { cpu: '200m', memory: '128Mi' },
  });
  expect(fitOf(podWith(), ranges)).toEqual({ cpu: '63m/250m', memory: '32Mi/64Mi' });
});

test('for a minimum (case 20), amounts below it rise', () => {
  const ranges = range({
    type: 'Container',
    min: { cpu: '100m', memory: '128Mi' },
    default: { cpu: '1', memory: '256Mi' },
    defaultRequest: { cpu: '100m', memory: '128Mi' },
  });
  expect(fitOf(podWith(), ranges)).toEqual({ cpu: '100m/250m', memory: '128Mi/128Mi' });
});

test('for a maximum of the whole pod, the sidecar gets what the app leaves', () => {
  const ranges = range({ type: 'Pod', max: { cpu: '1', memory: '100Mi' } });
  expect(fitOf(podWith({ cpu: '900m', memory: '50Mi' }, { cpu: '900m', memory: '50Mi' }), ranges)).toEqual({
    cpu: '10m/100m',
    memory: '16Mi/50Mi',
  });
  expect(fitOf(podWith({ cpu: '1' }, { cpu: '1', memory: '90Mi' }), ranges)).toEqual({ impossible: 'cpu' });
});

test('in a Guaranteed pod, request and limit are equal', () => {
  const ranges = range({ type: 'Container', max: { cpu: '200m', memory: '48Mi' } });
  const equal = {
    ...sidecar,
    resources: { requests: { cpu: '250m', memory: '64Mi' }, limits: { cpu: '250m', memory: '64Mi' } },
  };
  expect(
    fitOf(
      { ...podWith({ cpu: '1', memory: '1Gi' }, { cpu: '1', memory: '1Gi' }), initContainers: [equal] },
      ranges,
      true,
    ),
  ).toEqual({ cpu: '200m/200m', memory: '48Mi/48Mi' });
});

test('amounts with which the agent cannot run are not proposed', () => {
  expect(fitOf(podWith(), range({ type: 'Container', max: { memory: '8Mi' } }))).toEqual({ impossible: 'memory' });
});

test('amounts that fit are not changed', () => {
  expect(fitOf(podWith(), range({ type: 'Container', max: { cpu: '1', memory: '1Gi' } }))).toEqual({});
});

const amount = (unit: string, most: number): fc.Arbitrary<string> =>
  fc.integer({ min: 1, max: most }).map((count) => `${count}${unit}`);
const some = (cpu: number, memory: number): fc.Arbitrary<Amounts> =>
  fc.record({ cpu: amount('m', cpu), memory: amount('Mi', memory) }, { requiredKeys: [] });
const item = (type: string): fc.Arbitrary<LimitRangeItem> =>
  fc
    .record(
      {
        min: some(60, 60),
        max: some(2000, 512),
        maxLimitRequestRatio: fc.record({ cpu: amount('', 6), memory: amount('', 6) }, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    )
    .map((rest) => ({ type, ...rest }));

test('if the app alone is admitted, so is a proposal; if there is no proposal, no simple amounts are admitted', () => {
  const cases = fc.property(item('Container'), item('Pod'), some(500, 256), some(500, 256), judgedRight);
  expect(() => fc.assert(cases, { numRuns: 2000 })).not.toThrow();
});

function judgedRight(container: LimitRangeItem, pod: LimitRangeItem, requests: Amounts, limits: Amounts): boolean {
  const ranges = range(container, pod);
  const spec = withDefaults(podWith(requests, limits), ranges);
  const alone = { ...spec, initContainers: [] };
  const [ours] = spec.initContainers ?? [];
  const found = fitSidecar({ spec, containers: ['packet-capture'], ranges, equal: false });
  const admitted = (cpu: readonly [string, string], memory: readonly [string, string]): boolean => {
    const resources = { requests: { cpu: cpu[0], memory: memory[0] }, limits: { cpu: cpu[1], memory: memory[1] } };
    const changed = ours === undefined ? [] : [{ ...ours, resources }];
    return violationsIn({ ...spec, initContainers: changed }, ranges).length === 0;
  };
  if (violationsIn(alone, ranges).length > 0) return true;
  if ('impossible' in found) {
    // Requests equal to limits, at what the sidecar has now, at the least of a container, and at the most.
    const cpus = ['250m', container.min?.['cpu'] ?? '1m', container.max?.['cpu'] ?? '250m'];
    const memories = ['64Mi', container.max?.['memory'] ?? '64Mi'].filter((text) => Number.parseInt(text, 10) >= 16);
    return cpus.every((cpu) => memories.every((memory) => !admitted([cpu, cpu], [memory, memory])));
  }
  const pair = (name: 'cpu' | 'memory', now: readonly [string, string]): readonly [string, string] => {
    const one = found.fit[name];
    return one === undefined ? now : [quantityText(name, one.request), quantityText(name, one.limit)];
  };
  return admitted(pair('cpu', ['10m', '250m']), pair('memory', ['16Mi', '64Mi']));
}

test('native sidecars count with the containers, other init containers only while they run (KEP-753)', () => {
  const of = (cpu: string): { resources: { requests: { cpu: string } } } => ({ resources: { requests: { cpu } } });
  const spec = {
    containers: [
      { name: 'a', ...of('100m') },
      { name: 'b', ...of('200m') },
    ],
    initContainers: [
      { name: 'one', restartPolicy: 'Always', ...of('50m') },
      { name: 'two', ...of('500m') },
      { name: 'three', restartPolicy: 'Always', ...of('10m') },
    ],
    overhead: { cpu: '5m' },
  };
  expect(podUsage(spec, false).requests).toEqual({ cpu: 550 });
  expect(podUsage(spec, true).requests).toEqual({ cpu: 555 });
  expect(podUsage({ ...spec, resources: { requests: { cpu: '1' } } }, false).requests).toEqual({ cpu: 1000 });
});
