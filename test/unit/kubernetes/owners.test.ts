import { describe, expect, test } from 'vitest';
import type { Metadata } from '../../../src/kubernetes/api/types.ts';
import { controllerOf, deliveryWarnings, ownerHint } from '../../../src/kubernetes/owners.ts';

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
