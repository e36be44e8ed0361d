import { expect, test } from 'vitest';
import { kubernetesValues } from '../support/chart/kubernetesValues.ts';
import { kube } from '../support/cluster/clusterFixture.ts';

const values = kubernetesValues;
const labels = { app: 'web' };
const at = { metadata: { name: 'sample', namespace: 'default' } };

/** Objects in which each of the samples stands, of the kinds that every cluster has. */
const objects = [
  {
    apiVersion: 'v1',
    kind: 'Pod',
    ...at,
    spec: {
      nodeSelector: values.nodeSelector,
      tolerations: values.tolerations,
      affinity: values.affinity,
      topologySpreadConstraints: values.topologySpreadConstraints,
      dnsConfig: values.dnsConfig,
      hostAliases: values.hostAliases,
      securityContext: values.podSecurityContext,
      resourceClaims: [{ name: 'claim', resourceClaimName: 'claim' }],
      containers: [...values.extraContainers, { name: 'app', image: 'app', startupProbe: values['probes.startup'] }],
      volumes: values.extraVolumes,
    },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    ...at,
    spec: {
      strategy: values.strategy,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'app' }] } },
    },
  },
  {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    ...at,
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: 2,
      metrics: values['autoscaling.metrics'],
      behavior: values['autoscaling.behavior'],
    },
  },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    ...at,
    spec: {
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: values['networkPolicy.metricsFrom'] }],
      egress: values['networkPolicy.egress'],
    },
  },
];

// The other half, that nothing else may stand there, is test/chart/kubernetes.test.ts.
test('the API server accepts the parts of Kubernetes objects that the schema of the values accepts', async () => {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const created = await kube(['create', '--dry-run=server', '--validate=strict', '-f', '-', '-o', 'name'], list);
  expect(created.trim().split('\n')).toHaveLength(objects.length);
});
