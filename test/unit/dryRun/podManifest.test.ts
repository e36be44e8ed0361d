import { expect, test } from 'vitest';
import { podOf, refusingSidecar } from '../../../src/dryRun/podManifest.ts';
import { planInjection, withAddition } from '../../../src/inject/index.ts';
import type { PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig } from '../../../src/sidecar/index.ts';

const template: PodTemplate = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'app', image: 'app' }] },
};

function made(
  kind: string,
  spec: object = {},
  apiVersion = 'apps/v1',
  of: PodTemplate = template,
): ReturnType<typeof podOf> {
  return podOf({ apiVersion, kind, metadata: { name: 'web', uid: 'u1' }, spec }, of);
}

test.each([
  ['Deployment', 'apps/v1', 'ReplicaSet', 'pod-template-hash'],
  ['Rollout', 'argoproj.io/v1alpha1', 'ReplicaSet', 'rollouts-pod-template-hash'],
  ['StatefulSet', 'apps/v1', 'StatefulSet', 'statefulset.kubernetes.io/pod-name'],
  ['DaemonSet', 'apps/v1', 'DaemonSet', 'controller-revision-hash'],
  ['Job', 'batch/v1', 'Job', 'batch.kubernetes.io/job-name'],
  ['CronJob', 'batch/v1', 'Job', 'job-name'],
  ['ReplicaSet', 'apps/v1', 'ReplicaSet', 'app'],
])('a pod of a %s has the owner and the labels that its controller sets', (kind, apiVersion, owner, label) => {
  const { metadata } = made(kind, {}, apiVersion);
  expect(metadata?.ownerReferences).toMatchObject([{ kind: owner, controller: true }]);
  expect(metadata?.labels).toMatchObject({ app: 'web', [label]: expect.any(String) });
});

test('claims of a StatefulSet replace volumes of the same name', () => {
  const of: PodTemplate = {
    ...template,
    spec: {
      ...template.spec,
      volumes: [
        { name: 'data', emptyDir: {} },
        { name: 'tmp', emptyDir: {} },
      ],
    },
  };
  expect(
    made('StatefulSet', { volumeClaimTemplates: [{ metadata: { name: 'data' } }] }, 'apps/v1', of).spec?.volumes,
  ).toEqual([
    { name: 'tmp', emptyDir: {} },
    { name: 'data', persistentVolumeClaim: { claimName: 'data-web-0' } },
  ]);
});

test('a pod of a DaemonSet has the tolerations that its controller adds, and is bound to a node', () => {
  const { spec } = made('DaemonSet', {}, 'apps/v1', {
    spec: { ...template.spec, hostNetwork: true, tolerations: [{ key: 'own' }] },
  });
  expect(spec?.['tolerations']).toHaveLength(8);
  expect(JSON.stringify(spec?.['affinity'])).toContain('matchFields');
});

test('a copy of a living pod is not bound to its node, and does not block the deletion of its owner', () => {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'u2', controller: true };
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-1-x', ownerReferences: [{ ...owner, blockOwnerDeletion: true }] },
    spec: {},
  };
  const { metadata, spec } = podOf(object, { spec: { ...template.spec, nodeName: 'node0', ephemeralContainers: [] } });
  expect(metadata).toMatchObject({ generateName: 'web-1-x-', ownerReferences: [owner] });
  expect(metadata?.ownerReferences?.[0]).not.toHaveProperty('blockOwnerDeletion');
  expect(spec).toEqual(template.spec);
});

test('a template without our sidecar opts out by every key', () => {
  const plan = planInjection(template, { config: defaultSidecarConfig, settings: {}, podSecurity: 'privileged' });
  const carrying = plan.inject ? withAddition(template, plan.addition) : template;
  expect(carrying.spec?.initContainers).toHaveLength(1);
  expect(refusingSidecar(carrying, defaultSidecarConfig, 'team/inject')).toEqual({
    metadata: { labels: { app: 'web' }, annotations: { 'team/inject': 'false', 'packet-capture/inject': 'false' } },
    spec: { containers: [{ name: 'app', image: 'app' }], initContainers: [], volumes: [] },
  });
});
