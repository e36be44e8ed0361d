import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import { dashboardJson } from '../../src/chart/dashboard.ts';
import { chart, ofKind, render } from '../support/chart/helm.ts';
import { bakedCerts, valueSets } from '../support/chart/valueSets.ts';

const observed = valueSets(await bakedCerts(), await bakedCerts('capture', 'chart-other'))['observed'] ?? {};
const objects = await render(observed);
const rules = load(await readFile(join(chart, 'files/rules.yaml'), 'utf8')) as Readonly<
  Record<'captures' | 'injector', readonly object[]>
>;

test('there are no monitoring objects by default', async () => {
  const kinds = (await render({})).filter(
    ({ kind, metadata }) => /Monitor|Rule/.test(kind) || metadata.name.endsWith('-dashboard'),
  );
  expect(kinds.map(({ kind }) => kind)).toEqual([]);
});

test('the PodMonitor selects captured pods by the name of their port, in all or some namespaces', async () => {
  const monitor = ofKind(objects, 'PodMonitor', 'packet-capture-captures');
  expect(monitor.metadata).toMatchObject({ namespace: 'chart-monitoring', labels: { release: 'prometheus' } });
  expect(monitor['spec']).toEqual({
    podMetricsEndpoints: [{ port: 'packet-capture', path: '/metrics', interval: '30s', scrapeTimeout: '5s' }],
    namespaceSelector: { any: true },
    selector: {},
  });
  const some = await render({
    agent: { metricsPort: 9464 },
    metrics: { capturedPods: { podMonitor: { enabled: true, namespaces: ['shop', 'ledger'] } } },
  });
  expect(ofKind(some, 'PodMonitor')['spec'].namespaceSelector).toEqual({ matchNames: ['shop', 'ledger'] });
});

test("the alerts are those of the file, with the user's labels in addition to the severity", () => {
  const { spec, metadata } = ofKind(objects, 'PrometheusRule');
  expect(metadata.labels).toMatchObject({ release: 'prometheus' });
  const labelled = (alerts: readonly object[]): object[] =>
    alerts.map((alert) => ({ ...alert, labels: { team: 'net', ...(alert as { readonly labels: object }).labels } }));
  expect(spec.groups).toEqual([
    { name: 'packet-capture.captures', rules: labelled(rules.captures) },
    { name: 'packet-capture.injector', rules: labelled(rules.injector) },
  ]);
});

test('the dashboard has the label by which Grafana finds it, and is complete', () => {
  const { data, metadata } = ofKind(objects, 'ConfigMap', 'packet-capture-dashboard');
  expect(metadata).toMatchObject({
    namespace: 'chart-monitoring',
    labels: { grafana_dashboard: '1' },
    annotations: { grafana_folder: 'Network' },
  });
  expect(Object.keys(data)).toEqual(['packet-capture.json']);
  expect(data['packet-capture.json']).toBe(dashboardJson());
});

test('with an admission policy there are no monitoring objects for the injector', async () => {
  const flags = ['--api-versions', 'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy'];
  const byPolicy = await render({ ...observed, injection: { way: 'policy' } }, { flags });
  expect(ofKind(byPolicy, 'PrometheusRule')['spec'].groups.map(({ name }: { readonly name: string }) => name)).toEqual([
    'packet-capture.captures',
  ]);
  expect(ofKind(byPolicy, 'PodMonitor').metadata.name).toBe('packet-capture-captures');
});
