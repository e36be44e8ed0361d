import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ResourceRequirements } from '../../../src/kubernetes/api/types.ts';
import { quantityAmount, sameQuantity } from '../../../src/quantity.ts';
import {
  agentResources,
  amountNames,
  amountProblem,
  amountsOfAnnotations,
  defaultAgent,
  hasInvalidAmount,
  sidecarResources,
  type AmountName,
  type SidecarAmounts,
} from '../../../src/sidecar/index.ts';

const own = defaultAgent.resources;
const resourcesFor = (amounts: SidecarAmounts, guaranteed = false, configured = own): ResourceRequirements =>
  sidecarResources({ guaranteed, amounts }, agentResources(configured, 160));
const both = (cpu: string, memory: string): ResourceRequirements => ({
  requests: { cpu, memory },
  limits: { cpu, memory },
});

describe('an amount of the pod replaces the configured one', () => {
  test.each<[string, SidecarAmounts, ResourceRequirements]>([
    ['none', {}, own],
    [
      'a request',
      { 'cpu-request': '100m' },
      { requests: { cpu: '100m', memory: '16Mi' }, limits: { cpu: '250m', memory: '64Mi' } },
    ],
    [
      'all four',
      { 'cpu-request': '1', 'cpu-limit': '2', 'memory-request': '1Gi', 'memory-limit': '2Gi' },
      { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '2Gi' } },
    ],
    [
      'a request above the configured limit raises it',
      { 'memory-request': '128Mi' },
      { requests: { cpu: '10m', memory: '128Mi' }, limits: { cpu: '250m', memory: '128Mi' } },
    ],
    [
      'a limit below the configured request lowers it',
      { 'cpu-limit': '5m' },
      { requests: { cpu: '5m', memory: '16Mi' }, limits: { cpu: '5m', memory: '64Mi' } },
    ],
    [
      'a request above a limit of the pod counts as the limit',
      { 'cpu-request': '2', 'cpu-limit': '1' },
      { requests: { cpu: '1', memory: '16Mi' }, limits: { cpu: '1', memory: '64Mi' } },
    ],
    [
      'a limit of zero is none',
      { 'cpu-limit': '0', 'memory-limit': '0' },
      { requests: { cpu: '10m', memory: '16Mi' } },
    ],
    [
      'a request of zero is written, or it would default to the limit',
      { 'cpu-request': '0' },
      { requests: { cpu: '0', memory: '16Mi' }, limits: { cpu: '250m', memory: '64Mi' } },
    ],
    [
      'a limit in which no container starts',
      { 'memory-limit': '64' },
      { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '250m', memory: '16Mi' } },
    ],
  ])('%s', (_, amounts, expected) => {
    expect(resourcesFor(amounts)).toEqual(expected);
  });
});

describe('a Guaranteed pod keeps its QoS class with these annotations:', () => {
  test.each<[string, SidecarAmounts, ResourceRequirements, ResourceRequirements]>([
    ['none', {}, own, both('250m', '64Mi')],
    ['limits count for both', { 'cpu-limit': '100m', 'memory-limit': '32Mi' }, own, both('100m', '32Mi')],
    ['a request below the limit changes nothing', { 'cpu-request': '100m' }, own, both('250m', '64Mi')],
    ['a request above the limit raises both', { 'cpu-request': '1' }, own, both('1', '64Mi')],
    ['a limit of zero counts as absent', { 'cpu-limit': '0', 'memory-limit': '0' }, own, both('250m', '64Mi')],
    ['none, and a configuration without limits', {}, { requests: { memory: '128Mi' } }, both('250m', '128Mi')],
  ])('%s', (_, amounts, configured, expected) => {
    expect(resourcesFor(amounts, true, configured)).toEqual(expected);
  });
});

test('the sidecar has no amounts in a pod with pod-level resources, whatever its annotations say', () => {
  const amounts = { 'cpu-request': '1', 'memory-limit': '1Gi' };
  expect(sidecarResources({ guaranteed: false, podResources: true, amounts }, agentResources(own, 160))).toEqual({});
});

describe('ephemeral storage is requested and limited like the containers of the pod:', () => {
  const storageFor = (storage: 'limited' | 'requested' | undefined, configured: ResourceRequirements = {}): unknown =>
    sidecarResources({ guaranteed: false, podResources: true, storage }, agentResources(configured, 160));
  const amount = (text: string): object => ({ 'ephemeral-storage': text });
  test.each<[string, 'limited' | 'requested' | undefined, ResourceRequirements, object]>([
    [
      'none, because ours alone would limit the whole pod',
      undefined,
      { limits: amount('1Gi') as Record<string, string> },
      {},
    ],
    ['with a limit, for the volume and the log', 'limited', {}, { requests: amount('224Mi'), limits: amount('224Mi') }],
    ['with only a request', 'requested', {}, { requests: amount('224Mi') }],
    [
      'more by configuration',
      'limited',
      { limits: { 'ephemeral-storage': '1Gi' } },
      { requests: amount('224Mi'), limits: amount('1Gi') },
    ],
    [
      'less by configuration',
      'limited',
      { requests: { 'ephemeral-storage': '1Mi' }, limits: { 'ephemeral-storage': '1Mi' } },
      { requests: amount('224Mi'), limits: amount('224Mi') },
    ],
    [
      'a request above the limit',
      'limited',
      { requests: { 'ephemeral-storage': '2Gi' } },
      { requests: amount('224Mi'), limits: amount('224Mi') },
    ],
  ])('%s', (_, storage, configured, expected) => {
    expect(storageFor(storage, configured)).toEqual(expected);
  });
});

const anything = fc.oneof(
  fc.string(),
  fc.constantFrom('0', '1', '100m', '64Mi', '1Gi', '.5', '2e3', '1P', '1Ti', '3T', '64', '-1'),
);
const annotationsOf = fc.record(Object.fromEntries(amountNames.map((name) => [`packet-capture/${name}`, anything])), {
  requiredKeys: [],
});
const configurable = fc.record(
  {
    requests: fc.constantFrom({}, { cpu: '1', memory: '1Gi' }, { cpu: 0 }),
    limits: fc.constantFrom({}, { cpu: '10m' }, { cpu: 0, memory: '1Mi' }),
  },
  { requiredKeys: [] },
);

test('the amounts are valid for the API server, whatever the annotations say', () => {
  fc.assert(
    fc.property(annotationsOf, configurable, fc.boolean(), (annotations, configured, guaranteed) => {
      const amounts = amountsOfAnnotations(annotations as Record<string, string>);
      const { requests = {}, limits = {} } = resourcesFor(amounts, guaranteed, configured);
      for (const amount of [...Object.values(requests), ...Object.values(limits)])
        expect(quantityAmount(String(amount))).toBeGreaterThanOrEqual(0);
      for (const [name, limit] of Object.entries(limits)) {
        const request = requests[name] ?? limit;
        expect(sameQuantity(request, limit) || quantityAmount(String(request)) < quantityAmount(String(limit))).toBe(
          true,
        );
      }
      if (!guaranteed) return;
      expect(requests).toEqual(limits);
      expect(Math.min(quantityAmount(String(limits['cpu'])), quantityAmount(String(limits['memory'])))).toBeGreaterThan(
        0,
      );
    }),
  );
});

test('an invalid amount counts as absent, and hasInvalidAmount finds it', () => {
  expect(amountsOfAnnotations({ 'packet-capture/cpu-request': 'a lot', 'packet-capture/memory-limit': '1Gi' })).toEqual(
    { 'memory-limit': '1Gi' },
  );
  expect(hasInvalidAmount({ 'packet-capture/cpu-request': 'a lot' })).toBe(true);
  expect(
    hasInvalidAmount({
      'packet-capture/cpu-request': '',
      'packet-capture/memory-limit': '1Gi',
      'packet-capture/filter': 'a lot',
    }),
  ).toBe(false);
});

test.each<[AmountName, string, boolean]>([
  ['cpu-request', '0', true],
  ['cpu-limit', '1.5', true],
  ['cpu-limit', '1n', false],
  ['memory-request', '1Mi', true],
  ['memory-request', '2P', false],
  ['memory-limit', '16Mi', true],
  ['memory-limit', '0', true],
  ['memory-limit', '64', false],
  ['memory-limit', '64m', false],
  ['memory-limit', '64 Mi', false],
])('--%s %s is valid: %s', (name, value, isGood) => {
  expect(amountProblem(name, value) === undefined).toBe(isGood);
});
