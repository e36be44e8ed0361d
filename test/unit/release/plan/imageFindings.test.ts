import { expect, test } from 'vitest';
import { defaultValues } from '../../../../src/chart/index.ts';
import { coalesce, type Values } from '../../../../src/release/helm/releaseValues.ts';
import { imageFindings, withStandIn } from '../../../../src/release/plan/imageFindings.ts';

const found = (given: Values): string[] =>
  imageFindings(coalesce(defaultValues(), given)).map(({ level, code, where }) => `${level} ${code}: ${where}`);
const registry = 'registry.example';
const [agent, injector] = ['error registry_not_named: agent.image', 'error registry_not_named: image'];

// test/chart/validation.test.ts has the same rule of the chart.
test.each<readonly [string, Values, readonly string[]]>([
  ['nothing', {}, [agent, injector]],
  ['digests alone', { image: { digest: 'sha256:0' }, agent: { image: { digest: 'sha256:0' } } }, [agent, injector]],
  ["the injector's registry alone", { image: { registry } }, [agent]],
  ['the placeholder itself', { global: { imageRegistry: 'registry.invalid' } }, [agent, injector]],
  ['values that are taken away', { global: null, image: null, agent: null }, []],
  ['a sidecar of your own', { sidecar: { containers: [{ name: 'a' }] } }, [injector]],
  ['the policy', { injection: { way: 'policy' } }, [agent]],
  ['global.imageRegistry', { global: { imageRegistry: registry } }, []],
  ['a registry each', { image: { registry }, agent: { image: { registry } } }, []],
  [
    'repositories of their own',
    { image: { repository: 'registry.example/a' }, agent: { image: { repository: 'me/b' } } },
    [],
  ],
])('named by %s', (_, values, expected) => expect(found(values)).toEqual(expected));

test('the rest of the values can be checked without them', () => {
  const values = { global: { imagePullSecrets: ['a'] }, replicas: 3 };
  expect(found(withStandIn(values))).toEqual([]);
  expect(withStandIn(values)).toEqual({
    global: { imagePullSecrets: ['a'], imageRegistry: 'registry.example' },
    replicas: 3,
  });
});
