import { expect, test } from 'vitest';
import { fitOfSidecar } from '../../../src/diagnosis/fit.ts';
import { judge } from '../../../src/diagnosis/judge.ts';
import { planInjection, withAddition } from '../../../src/inject/index.ts';
import { defaultSidecarConfig, type PodTemplate } from '../../../src/sidecar/index.ts';
import { asking, pod, stateOf, subject } from './builders.ts';

function injected(annotations: Readonly<Record<string, string>>): PodTemplate {
  const template = pod({ ...asking, ...annotations });
  const plan = planInjection(template, { config: defaultSidecarConfig, settings: {}, podSecurity: 'privileged' });
  if (!plan.inject) throw new Error(plan.reason);
  return withAddition(template, plan.addition);
}

test('a pod whose files do not fit into its volume captures nothing, which is said with the arithmetic', () => {
  const large = { 'packet-capture/file-size': '10Gi', 'packet-capture/file-count': '100' };
  expect(fitOfSidecar(injected(large))).toEqual([
    { met: false, what: 'its volume of 10Gi is too small for its files, so it captures nothing: file-size 10Gi x (file-count 100 + 1) + 16Mi = 1010.02Gi' },
  ]);
  expect(fitOfSidecar(injected({}))).toEqual([]);
  const later = injected({});
  const grown = (count: string): PodTemplate => ({ ...later, metadata: { ...later.metadata, annotations: { ...later.metadata?.annotations, 'packet-capture/file-count': count } } });
  // As the agent has it: nine files and one to spare fit into 160Mi, ten do not.
  expect(fitOfSidecar(grown('9'))).toEqual([]);
  expect(fitOfSidecar(grown('10'))).toHaveLength(1);
});

test('an amount that is none is said, of a pod that carries the sidecar and of one that would', () => {
  const wrong = { 'packet-capture/cpu-limit': 'a lot' };
  expect(fitOfSidecar(injected(wrong))).toEqual([{ met: false, what: expect.stringContaining('with default resources') as string }]);
  const found = judge(subject(pod({ ...asking, ...wrong })), [stateOf()]);
  expect(found.reason).toBeUndefined();
  expect(found.conditions.map(({ what }) => what)).toContainEqual(expect.stringContaining('it would go with default resources'));
});
