import { describe, expect, test } from 'vitest';
import { violations } from '../../support/inject/laws.ts';
import { dataWay, plansFor, textWay, type FixtureKind } from '../../support/inject/ways.ts';
import { customSidecar } from '../../support/manifest/cases.ts';
import { podFixtures, type PodFixture } from '../../support/pods/index.ts';

test('there are fixtures of every kind, each with a different name', () => {
  expect(podFixtures.length).toBeGreaterThanOrEqual(60);
  expect(new Set(podFixtures.map(({ name }) => name)).size).toBe(podFixtures.length);
});

test.each(podFixtures.map((fixture) => [fixture.name, fixture] as const))(
  '%s is injected or skipped as expected',
  (_, fixture) => {
    const plans = plansFor();
    const plan = plans.inject(fixture.template, fixture);
    expect(plan.inject ? 'injected' : plan.reason).toBe(fixture.expected);
    if (!plan.inject) return;
    const again = plans.inject(dataWay(plans).inject(fixture.template, fixture), fixture);
    expect(again).toEqual({ inject: false, reason: 'already_injected' });
  },
);

describe('inject(inject(x)) = inject(x), remove(inject(x)) = x, and x is unchanged exactly if it is skipped,', () => {
  test('as plain data', () => {
    expect(violations(dataWay(plansFor()), podFixtures)).toEqual({});
  });

  test.each<FixtureKind>(['Pod', 'Deployment', 'CronJob'])('as YAML text of a %s', (kind) => {
    expect(violations(textWay(kind, 'YAML'), podFixtures)).toEqual({});
  });

  test.each<FixtureKind>(['Pod', 'Deployment'])('as JSON text of a %s', (kind) => {
    expect(
      violations(
        textWay(kind, 'JSON'),
        podFixtures.filter((fixture) => !hasNull(fixture)),
      ),
    ).toEqual({});
  });

  test('with a custom sidecar', () => {
    const fixtures = podFixtures.map(withCustomSidecar);
    const { inject } = plansFor(customSidecar);
    const outcomes = fixtures.map((fixture) => {
      const plan = inject(fixture.template, fixture);
      return [fixture.name, plan.inject ? 'injected' : plan.reason];
    });
    expect(outcomes).toEqual(fixtures.map(({ name, expected }) => [name, expected]));
    expect(violations(dataWay(plansFor(customSidecar)), fixtures)).toEqual({});
    expect(violations(textWay('Pod', 'YAML', customSidecar), fixtures)).toEqual({});
  });
});

test.each(podFixtures.filter(hasNull).map((fixture) => [fixture.name, fixture] as const))(
  '%s is refused with YAML_UNSUPPORTED as JSON text because of a null',
  (_, fixture) => {
    const { write, inject } = textWay('Pod', 'JSON');
    expect(() => inject(write(fixture), fixture)).toThrow(expect.objectContaining({ code: 'YAML_UNSUPPORTED' }));
  },
);

function hasNull({ template }: PodFixture): boolean {
  return JSON.stringify(template).includes(':null');
}

/** Reasons that only hold for the agent's sidecar: its NET_RAW, its names and its annotation. */
const reasonsOfAgent = new Set([
  'pod_security_restricted',
  'name_collision',
  'already_injected',
  'foreign_status',
  'status_missing',
]);

/**
 * Pods that limit or request resources as a whole. The custom sidecar has no limits, so it would change what these pods
 * have; the agent's sidecar gets limits that fit.
 */
const podsWithOwnResources = new Set([
  'mirrored-pod-requests',
  'pod-cpu-alone',
  'pod-requests-alone',
  'pod-requests-by-containers',
  'pod-requests-with-init',
  'pod-requests-cpu-limited',
  'pod-memory-limit-alone',
  'pod-huge-pages',
  'amounts-pod-resources',
  'storage-pod-resources',
]);

/** The same fixture with what is expected of a custom sidecar without limits. */
function withCustomSidecar(fixture: PodFixture): PodFixture {
  if (podsWithOwnResources.has(fixture.name)) return { ...fixture, expected: 'pod_resources' };
  return { ...fixture, expected: reasonsOfAgent.has(fixture.expected) ? 'injected' : fixture.expected };
}
