import { durationPattern } from '../../duration.ts';
import * as kubernetes from './kubernetesSchemas.ts';
import type { Labels } from './naming.ts';
import * as is from './schemas.ts';
import { flag, group, integer, leaf, passedList, string } from './tree.ts';

const monitor = (text: string) => ({
  enabled: flag(false, `create ${text} for the Prometheus operator`),
  namespace: string('', 'namespace of the object; empty: that of the release', is.namespaceNameOrEmpty),
  interval: string('30s', 'time between two scrapes', is.duration),
  scrapeTimeout: string('', 'time limit of a scrape', is.orEmpty(durationPattern)),
  relabelings: passedList('relabeling of the targets', kubernetes.relabelings),
  metricRelabelings: passedList('relabeling of the metrics', kubernetes.relabelings),
  labels: leaf<Labels>({}, 'labels of the object', is.labels),
  annotations: leaf<Labels>({}, 'annotations of the object', is.annotations),
});

const namespaces = leaf<readonly string[]>([], 'namespaces whose pods are scraped; empty: all', {
  type: 'array',
  items: is.namespaceName,
  uniqueItems: true,
});

/**
 * The values below `metrics`. The monitors and rules need the CRDs of the Prometheus operator, so none is made by
 * default.
 */
export const metrics = group('metrics for Prometheus', {
  port: integer(9090, "port of the injector's metrics, of the container and the Service", 1, 65_535),
  serviceMonitor: group('scrapes the injector through its Service', monitor('a ServiceMonitor')),
  podMonitor: group("scrapes the injector's pods", monitor('a PodMonitor')),
  capturedPods: group('the pods that have the sidecar; set agent.metricsPort too', {
    podMonitor: group('scrapes the sidecars', { ...monitor('a PodMonitor'), namespaces }),
  }),
  prometheusRule: group('alerts: drops, invalid settings, uploads, streams, the certificate, webhooks that fail open', {
    enabled: flag(false, 'create a PrometheusRule for the Prometheus operator'),
    namespace: string('', 'namespace of the object; empty: that of the release', is.namespaceNameOrEmpty),
    alertLabels: leaf<Labels>({}, 'labels of each alert, in addition to its severity', is.labels),
    labels: leaf<Labels>({}, 'labels of the PrometheusRule', is.labels),
    annotations: leaf<Labels>({}, 'annotations of the PrometheusRule', is.annotations),
  }),
  dashboard: group('a dashboard for Grafana', {
    enabled: flag(false, "create a ConfigMap, which the sidecar of Grafana's chart reads"),
    namespace: string('', 'namespace of the object; empty: that of the release', is.namespaceNameOrEmpty),
    label: string('grafana_dashboard', 'label by which Grafana finds the ConfigMap', is.key),
    labelValue: string('1', 'value of that label', is.labelValue),
    folderAnnotation: string('grafana_folder', 'annotation that names the folder in Grafana', is.key),
    folder: string('', 'folder of the dashboard in Grafana; empty: the default folder'),
    labels: leaf<Labels>({}, 'labels of the ConfigMap', is.labels),
    annotations: leaf<Labels>({}, 'annotations of the ConfigMap', is.annotations),
  }),
});
