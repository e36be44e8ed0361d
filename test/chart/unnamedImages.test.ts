import { describe, expect, test } from 'vitest';
import { helmTemplate } from '../support/chart/helm.ts';

/** Values without an image that can be pulled, and the keys that the error must name. */
const unnamed: ReadonlyArray<readonly [what: string, values: object, keys: readonly string[]]> = [
  ['nothing', {}, ['agent.image', 'image']],
  ['a tag alone', { image: { tag: '1.2.3' }, agent: { image: { tag: '1.2.3' } } }, ['agent.image', 'image']],
  [
    'a digest alone',
    { image: { digest: `sha256:${'0'.repeat(64)}` }, agent: { image: { registry: 'registry.example' } } },
    ['image'],
  ],
  ["the injector's registry alone", { image: { registry: 'registry.example' } }, ['agent.image']],
  ['the placeholder itself', { global: { imageRegistry: 'registry.invalid' } }, ['agent.image', 'image']],
  ['a custom sidecar', { sidecar: { containers: [{ name: 'a', image: 'a' }] } }, ['image']],
  ['the policy', { injection: { way: 'policy' } }, ['agent.image']],
];

describe.each(unnamed)('the values name no image: %s', (_, values, keys) => {
  test.each([3, 4] as const)('so helm %i renders nothing', async (major) => {
    const { exitCode, stdout, stderr } = await helmTemplate(values, {
      major,
      imagesNamed: false,
      flags: ['--api-versions', 'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy'],
    });
    expect(exitCode).not.toBe(0);
    expect(stdout).toBe('');
    const told = [
      ...stderr.matchAll(
        /^ {2}(\S+) has no registry: nobody can pull registry\.invalid\/packet-capture\/(?:agent|injector)[:@]\S+\.$/gm,
      ),
    ].map(([, key]) => key);
    expect(told).toEqual(keys);
    for (const key of keys) expect(stderr).toContain(`Set global.imageRegistry or ${key}.registry`);
  });
});
