import * as kubernetes from './kubernetesSchemas.ts';
import type { Labels } from './naming.ts';
import * as is from './schemas.ts';
import { flag, group, integer, leaf, passedList, string } from './tree.ts';

const monitor = (text: string) => ({
  enabled: flag(false, `render ${text}, for the Prometheus operator`),
  namespace: string('', 'empty: that of the release', is.namespaceNameOrEmpty),
  interval: string('30s', 'between two readings', is.duration),
  scrapeTimeout: string('', 'of a reading', is.orEmpty('([0-9]{1,9}[hms])+')),
  relabelings: passedList('of the targets', kubernetes.relabelings),
  metricRelabelings: passedList('of the metrics', kubernetes.relabelings),
  labels: leaf<Labels>({}, 'of it', is.labels),
  annotations: leaf<Labels>({}, 'of it', is.annotations),
});

const namespaces = leaf<readonly string[]>([], 'whose pods are read; empty: all', {
  type: 'array',
  items: is.namespaceName,
  uniqueItems: true,
});

export const metrics = group('for Prometheus', {
  port: integer(9090, 'of the container and the Service', 1, 65_535),
  serviceMonitor: group("of the injector's Service", monitor('a ServiceMonitor')),
  podMonitor: group("of the injector's pods", monitor('a PodMonitor')),
  capturedPods: group('the pods that carry the sidecar; set agent.metricsPort too', {
    podMonitor: group('of their sidecars', { ...monitor('a PodMonitor'), namespaces }),
  }),
  prometheusRule: group('alerts: drops, invalid settings, uploads, streams, the certificate, webhooks that fail open', {
    enabled: flag(false, 'render a PrometheusRule, for the Prometheus operator'),
    namespace: string('', 'empty: that of the release', is.namespaceNameOrEmpty),
    alertLabels: leaf<Labels>({}, 'of each alert, beside its severity', is.labels),
    labels: leaf<Labels>({}, 'of it', is.labels),
    annotations: leaf<Labels>({}, 'of it', is.annotations),
  }),
  dashboard: group('for Grafana', {
    enabled: flag(false, "render a ConfigMap for the sidecar of Grafana's chart"),
    namespace: string('', 'empty: that of the release', is.namespaceNameOrEmpty),
    label: string('grafana_dashboard', 'by which it is found', is.key),
    labelValue: string('1', 'of that label', is.labelValue),
    folderAnnotation: string('grafana_folder', 'that names the folder', is.key),
    folder: string('', 'empty: none is named'),
    labels: leaf<Labels>({}, 'of it', is.labels),
    annotations: leaf<Labels>({}, 'of it', is.annotations),
  }),
});
