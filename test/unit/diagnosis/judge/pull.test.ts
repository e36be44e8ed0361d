import { expect, test } from 'vitest';
import { pullsOf } from '../../../../src/diagnosis/judge/pull.ts';
import type { Inventory } from '../../../../src/diagnosis/read/inventory.ts';
import { planInjection, withAddition } from '../../../../src/inject/index.ts';
import type { WorkloadObject, PodTemplate } from '../../../../src/kubernetes/api/types.ts';
import { defaultAgent, defaultSidecarConfig, type AgentSidecarConfig } from '../../../../src/sidecar/index.ts';

const config: AgentSidecarConfig = {
  ...defaultSidecarConfig,
  agent: { ...defaultAgent, image: 'registry.example/agent:1' },
};

function injected(spec: Readonly<Record<string, unknown>> = {}): PodTemplate {
  const template = { metadata: { annotations: {} }, spec: { containers: [{ name: 'app', image: 'app' }], ...spec } };
  const plan = planInjection(template, { config, settings: {}, podSecurity: 'privileged' });
  return plan.inject ? withAddition(template, plan.addition) : {};
}

function deployment(name: string, namespace: string, template: PodTemplate, metadata: object = {}): WorkloadObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, ...metadata },
    spec: { template },
  } as WorkloadObject;
}

function inventory(...workloads: readonly WorkloadObject[]): Inventory {
  return { namespaces: [], pods: [], workloads };
}

const tried = (...workloads: readonly WorkloadObject[]): string[] =>
  pullsOf(inventory(...workloads), []).map(({ namespace, container }) => `${namespace} ${container.image ?? ''}`);

test('each image is tried once in a namespace, and once more for another service account or other nodes', () => {
  const plain = injected();
  expect(
    tried(deployment('web', 'shop', plain), deployment('api', 'shop', plain), deployment('web', 'bank', plain)),
  ).toEqual(['shop registry.example/agent:1', 'bank registry.example/agent:1']);
  const others = [
    injected({ serviceAccountName: 'robot' }),
    injected({ nodeSelector: { 'kubernetes.io/arch': 'arm64' } }),
  ];
  expect(
    tried(
      deployment('web', 'shop', plain),
      ...others.map((template, index) => deployment(`other-${index}`, 'shop', template)),
    ),
  ).toHaveLength(3);
});

test('a pod that does not ask, and one that a workload owns, is not tried', () => {
  const plain: PodTemplate = { spec: { containers: [{ name: 'app', image: 'app' }] } };
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true };
  expect(
    tried(deployment('web', 'shop', plain), deployment('web-1', 'shop', injected(), { ownerReferences: [owner] })),
  ).toEqual([]);
});

test('the pod has the placement and the pull secrets of the workload', () => {
  const [pull] = pullsOf(
    inventory(
      deployment('web', 'shop', injected({ serviceAccountName: 'robot', imagePullSecrets: [{ name: 'login' }] })),
    ),
    [],
  );
  expect(pull).toMatchObject({
    namespace: 'shop',
    pullSecrets: [],
    like: { spec: { serviceAccountName: 'robot', imagePullSecrets: [{ name: 'login' }] } },
  });
});
