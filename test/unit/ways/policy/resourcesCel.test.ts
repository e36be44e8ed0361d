import { expect, test } from 'vitest';
import { hasPodResources, leavesHugePages, summedLimits } from '../../../../src/inject/podResources.ts';
import * as cel from '../../../../src/ways/policy/resourcesCel.ts';
import { podFixtures } from '../../../support/pods/index.ts';
import { evaluate } from '../../../support/policy/evaluate.ts';

test('what a pod as a whole leaves to its containers is the same in every way', () => {
  const whole = podFixtures.filter(
    ({ template: { spec } }) => evaluate(cel.podResources, { object: { spec } }) === true,
  );
  expect(whole.map(({ name }) => name)).toEqual(
    podFixtures.filter(({ template: { spec } }) => hasPodResources(spec ?? {})).map(({ name }) => name),
  );
  expect(whole.length).toBeGreaterThanOrEqual(10);
  for (const { name, template } of whole) {
    const spec = template.spec ?? {};
    expect(evaluate(cel.summedLimits, { object: { spec } }), name).toEqual(summedLimits(spec));
    expect(evaluate(cel.leavesHugePages, { object: { spec } }), name).toBe(leavesHugePages(spec));
  }
});
