import { afterAll, beforeAll, expect, test } from 'vitest';
import { injectAnnotation } from '../../src/settings/index.ts';
import { defaultAgent, type AgentSidecarConfig } from '../../src/sidecar/index.ts';
import { kube } from '../support/cluster/clusterFixture.ts';
import { admitted, inForce, listOf, outOfForce, strict } from '../support/cluster/policyFixture.ts';

const name = 'policy-parameters';
const namespaceLabel = `${name}/injection`;
const site = `${name}-site`;
const pod = {
  metadata: { annotations: { [injectAnnotation]: 'true' } },
  spec: { containers: [{ name: 'app', image: 'x' }] },
};

function objectsWith(image: string): readonly object[] {
  const config: AgentSidecarConfig = { form: 'agent', agent: { ...defaultAgent, image }, settings: {} };
  return strict({ config, name, namespace: name, namespaceLabel, annotation: injectAnnotation });
}

beforeAll(async () => {
  const namespaces = [{ name }, { name: site, labels: { [namespaceLabel]: 'enabled' } }];
  await kube(
    ['apply', '-f', '-'],
    listOf(namespaces.map((metadata) => ({ apiVersion: 'v1', kind: 'Namespace', metadata }))),
  );
  await kube(['wait', '-n', site, '--for=create', 'serviceaccount/default', '--timeout=240s']);
});

afterAll(async () => {
  const kinds = 'mutatingadmissionpolicies,mutatingadmissionpolicybindings';
  const left = (await kube(['get', kinds, '-o', 'name']))
    .split('\n')
    .filter((each) => each.includes(`/${name}.${name}`));
  if (left.length > 0) await kube(['delete', ...left, '--ignore-not-found']);
  await kube(['delete', 'namespace', name, site, '--wait=false']);
});

// On an API server that has had no other policy with parameters, this is where it stops to watch ConfigMaps.
test('a policy that is deleted and created again with the same name has the new parameters, not the cached ones', async () => {
  const images: unknown[] = [];
  for (const image of ['first:1', 'second:2', 'first:1']) {
    const objects = objectsWith(image);
    await kube(['apply', '-f', '-'], listOf(objects));
    await inForce(site, pod);
    const { pods } = await admitted(site, [pod]);
    images.push(pods[0]?.spec?.initContainers?.[0]?.image);
    // The policy first, with its parameters still there, as a user may do it.
    await kube(
      ['delete', '-f', '-'],
      listOf(objects.toSorted((one, other) => ('data' in one ? 1 : 0) - ('data' in other ? 1 : 0))),
    );
    // Else the next policy would be taken for in force while this one still is.
    await outOfForce(site, pod);
  }
  expect(images).toEqual(['first:1', 'second:2', 'first:1']);
});
