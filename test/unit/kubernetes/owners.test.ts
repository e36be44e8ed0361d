import { describe, expect, test } from 'vitest';
import type { Metadata } from '../../../src/kubernetes/api/types.ts';
import { controllerOf, deliveryWarnings, managedByAnother, ownerHint } from '../../../src/kubernetes/owners.ts';

const warningsOf = (metadata: Partial<Metadata>): string[] =>
  deliveryWarnings({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', ...metadata } });

describe('controllerOf', () => {
  const replicaSet = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', controller: true };

  test('is the one owner that controls', () => {
    const other = { apiVersion: 'v1', kind: 'ConfigMap', name: 'a' };
    expect(controllerOf({ name: 'web-1-x', ownerReferences: [other, replicaSet] })).toBe(replicaSet);
    expect(
      controllerOf({ name: 'web-1-x', ownerReferences: [other, { ...replicaSet, controller: false }] }),
    ).toBeUndefined();
    expect(controllerOf({ name: 'web' })).toBeUndefined();
  });

  test('the hint names a workload, and for a custom resource another way', () => {
    expect(ownerHint({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' })).toBe(
      'Name its owner: deployment/web.',
    );
    expect(ownerHint({ apiVersion: 'monitoring.coreos.com/v1', kind: 'Prometheus', name: 'k8s' })).toContain('webhook');
  });
});

describe('managedByAnother', () => {
  const owned = (kind: string, name: string, hash?: string): Metadata => ({
    name: 'pod',
    ...(hash === undefined ? {} : { labels: { 'pod-template-hash': hash } }),
    ownerReferences: [{ apiVersion: 'apps/v1', kind, name, controller: true }],
  });

  test.each<readonly [string, string, Metadata, boolean]>([
    ['apps/v1', 'Deployment', owned('ReplicaSet', 'web-5d4f', '5d4f'), false],
    ['apps/v1', 'Deployment', owned('ReplicaSet', 'web-canary-77b9', '77b9'), true],
    ['apps/v1', 'Deployment', owned('StatefulSet', 'web'), true],
    // A ReplicaSet that the Deployment adopted may have any name, and its pods no hash.
    ['apps/v1', 'Deployment', owned('ReplicaSet', 'by-hand'), false],
    ['apps/v1', 'Deployment', owned('ReplicaSet', 'by-hand', '5d4f'), false],
    ['apps/v1', 'StatefulSet', owned('StatefulSet', 'web'), false],
    ['apps/v1', 'StatefulSet', owned('StatefulSet', 'db'), true],
    ['apps/v1', 'DaemonSet', owned('ReplicaSet', 'web-5d4f', '5d4f'), true],
    ['apps/v1', 'ReplicaSet', owned('ReplicaSet', 'web'), false],
    ['batch/v1', 'Job', owned('Job', 'web'), false],
    ['v1', 'ReplicationController', owned('ReplicationController', 'db'), true],
    ['apps/v1', 'Deployment', { name: 'pod' }, false],
    ['v1', 'Service', owned('ReplicaSet', 'web-5d4f', '5d4f'), false],
    ['argoproj.io/v1alpha1', 'Rollout', owned('ReplicaSet', 'web-5d4f', '5d4f'), false],
    ['example.com/v1', 'Deployment', owned('StatefulSet', 'db'), false],
  ])('%s %s, and pod %j: %s', (apiVersion, kind, pod, expected) => {
    expect(managedByAnother({ apiVersion, kind, metadata: { name: 'web' } }, pod)).toBe(expected);
  });
});

describe('deliveryWarnings', () => {
  const helm = {
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: { 'meta.helm.sh/release-name': 'shop' },
  };

  test.each<readonly [string, Partial<Metadata>]>([
    ['Argo CD', { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/web' } }],
    ['Argo CD', { labels: { 'argocd.argoproj.io/instance': 'shop' } }],
    ['Argo CD', { managedFields: [{ manager: 'kube-controller-manager' }, { manager: 'argocd-controller' }] }],
    ['Flux (Kustomization)', { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } }],
    ['Flux (Kustomization)', { managedFields: [{ manager: 'kustomize-controller' }] }],
    ['Flux (HelmRelease)', { labels: { 'helm.toolkit.fluxcd.io/name': 'shop' } }],
    ['Flux (HelmRelease)', { managedFields: [{ manager: 'helm-controller' }] }],
    ['Helm', helm],
  ])('%s: %j', (tool, metadata) => {
    const warnings = warningsOf(metadata);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      new RegExp(`^${tool.replaceAll(/[()]/g, String.raw`\$&`)} manages this workload and .*\\. .*inject`),
    );
  });

  test('a HelmRelease of Flux does not count as a release of Helm too', () => {
    const warnings = warningsOf({ ...helm, labels: { ...helm.labels, 'helm.toolkit.fluxcd.io/name': 'shop' } });
    expect(warnings.map((line) => line.split(' manages')[0])).toEqual(['Flux (HelmRelease)']);
  });

  test("are absent for a workload that a person created, even with a chart's label", () => {
    expect(warningsOf({ managedFields: [{ manager: 'kubectl-client-side-apply' }] })).toEqual([]);
    expect(warningsOf({ labels: helm.labels })).toEqual([]);
    expect(warningsOf({ labels: { 'app.kubernetes.io/instance': 'shop' } })).toEqual([]);
  });
});
