import * as kubernetes from './kubernetesSchemas.ts';
import type { Labels } from './naming.ts';
import * as is from './schemas.ts';
import { flag, group, integer, leaf, passedList, string } from './tree.ts';

const monitor = (text: string) => ({
  enabled: flag(false, `create ${text}, for the Prometheus operator`),
  namespace: string('', 'namespace of the object; empty: the namespace of the release', is.namespaceNameOrEmpty),
  interval: string('30s', 'time between two scrapes', is.duration),
  scrapeTimeout: string(
    '',
    'time after which a scrape fails; empty: as in Prometheus',
    is.orEmpty('([0-9]{1,9}[hms])+'),
  ),
  relabelings: passedList('relabelings of the targets', kubernetes.relabelings),
  metricRelabelings: passedList('relabelings of the metrics', kubernetes.relabelings),
  labels: leaf<Labels>({}, 'labels of the object', is.labels),
  annotations: leaf<Labels>({}, 'annotations of the object', is.annotations),
});

const namespaces = leaf<readonly string[]>([], 'namespaces whose pods are scraped; empty: all', {
  type: 'array',
  items: is.namespaceName,
  uniqueItems: true,
});

export const metrics = group('for Prometheus', {
  port: integer(9090, 'port for metrics, of the container and the Service', 1, 65_535),
  serviceMonitor: group("scrapes the injector's Service", monitor('a ServiceMonitor')),
  podMonitor: group("scrapes the injector's pods", monitor('a PodMonitor')),
  capturedPods: group('the pods that have the sidecar; set agent.metricsPort too', {
    podMonitor: group('scrapes the sidecars', { ...monitor('a PodMonitor'), namespaces }),
  }),
  prometheusRule: group('alerts: drops, invalid settings, uploads, streams, the certificate, webhooks that fail open', {
    enabled: flag(false, 'create a PrometheusRule, for the Prometheus operator'),
    namespace: string('', 'namespace of the object; empty: the namespace of the release', is.namespaceNameOrEmpty),
    alertLabels: leaf<Labels>({}, 'labels of each alert, in addition to its severity', is.labels),
    labels: leaf<Labels>({}, 'labels of the object', is.labels),
    annotations: leaf<Labels>({}, 'annotations of the object', is.annotations),
  }),
  dashboard: group('for Grafana', {
    enabled: flag(false, "render a ConfigMap for the sidecar of Grafana's chart"),
    namespace: string('', 'namespace of the object; empty: the namespace of the release', is.namespaceNameOrEmpty),
    label: string('grafana_dashboard', "label by which Grafana's sidecar finds the dashboard", is.key),
    labelValue: string('1', 'value of that label', is.labelValue),
    folderAnnotation: string('grafana_folder', 'annotation that names the folder', is.key),
    folder: string('', 'folder of the dashboard in Grafana; empty: none'),
    labels: leaf<Labels>({}, 'labels of the object', is.labels),
    annotations: leaf<Labels>({}, 'annotations of the object', is.annotations),
  }),
});
