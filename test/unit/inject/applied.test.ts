import jsonPatch, { type Operation } from 'fast-json-patch';
import { expect, test } from 'vitest';
import { additionPatch, planInjection, withAddition } from '../../../src/inject/index.ts';
import { defaultSidecarConfig } from '../../../src/sidecar/index.ts';
import { podFixtures } from '../../support/pods/index.ts';

const options = {
  config: defaultSidecarConfig,
  settings: { filter: 'port 80' },
  podSecurity: 'privileged',
  atAdmission: true,
} as const;

test('withAddition gives the same template as the patch', () => {
  let injected = 0;
  for (const { name, template: pod } of podFixtures) {
    const plan = planInjection(pod, options);
    if (!plan.inject) continue;
    injected += 1;
    const patched = jsonPatch.applyPatch(
      structuredClone(pod),
      additionPatch(pod, plan.addition, []) as Operation[],
      true,
    ).newDocument;
    // Without apiVersion and kind, which a template does not have.
    expect(patched, name).toMatchObject(withAddition(pod, plan.addition));
    const { spec } = withAddition(pod, plan.addition);
    expect(Object.keys(spec ?? {}).toSorted(), name).toEqual(Object.keys(patched.spec ?? {}).toSorted());
  }
  expect(injected).toBeGreaterThan(20);
});
