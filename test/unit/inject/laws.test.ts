import { describe, expect, test } from 'vitest';
import { planInjection } from '../../../src/inject/index.ts';
import { violations } from '../../support/inject/laws.ts';
import { dataWay, plansFor, textWay, type FixtureKind } from '../../support/inject/ways.ts';
import { customSidecar } from '../../support/manifest/cases.ts';
import { podFixtures, type PodFixture } from '../../support/pods/index.ts';

test('there are fixtures of every sort, each with a name of its own', () => {
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

describe('inject(inject(x)) = inject(x), remove(inject(x)) = x, and x stays as it is just where it is skipped', () => {
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

  test("with a sidecar of the user's own", () => {
    const fixtures = podFixtures.map(expectedOfOwn);
    expect(violations(dataWay(plansFor(customSidecar)), fixtures)).toEqual({});
    expect(violations(textWay('Pod', 'YAML', customSidecar), fixtures)).toEqual({});
  });
});

test.each(podFixtures.filter(hasNull).map((fixture) => [fixture.name, fixture] as const))(
  '%s: a null in JSON leaves no room, and that is said',
  (_, fixture) => {
    const { write, inject } = textWay('Pod', 'JSON');
    expect(() => inject(write(fixture), fixture)).toThrow(expect.objectContaining({ code: 'YAML_UNSUPPORTED' }));
  },
);

function hasNull({ template }: PodFixture): boolean {
  return JSON.stringify(template).includes(':null');
}

/** A custom sidecar is asked for less: what is skipped is another list. */
function expectedOfOwn(fixture: PodFixture): PodFixture {
  const { level: podSecurity, namespace, template } = fixture;
  const plan = planInjection(template, { config: customSidecar, settings: {}, podSecurity, namespace });
  return { ...fixture, expected: plan.inject ? 'injected' : plan.reason };
}
