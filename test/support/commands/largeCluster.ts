import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { webhookNames } from '../../../src/ways/webhook/names.ts';
import { writeProgram } from './clusterCommands.ts';

/** How many pods a workload has, and revisions of its own. */
const podsEach = 20;
const revisions = 4;
const pageSize = 250;

/**
 * A stand-in for kubectl and a cluster of so many pods: it answers lists page by page, as the API server does, and
 * every other question with nothing. Pods, ReplicaSets and Deployments are of the usual size (10 KB a pod, managed
 * fields included).
 * @param folder gets the pages and the program
 * @returns the program, and the bytes of all pods
 */
export async function largeCluster(
  folder: string,
  pods: number,
): Promise<{ readonly kubectl: string; readonly podBytes: number }> {
  const pages = join(folder, 'pages');
  await mkdir(pages, { recursive: true });
  const workloads = Math.ceil(pods / podsEach);
  const podBytes = await writePages(pages, 'pods', pods, podObject);
  await writePages(pages, 'deployments', workloads, deploymentObject);
  await writePages(pages, 'replicasets', workloads * revisions, replicaSetObject);
  await writePages(pages, 'namespaces', 10, (index) => ({
    metadata: { name: `shop-${index}`, labels: { 'packet-capture/injection': 'enabled' } },
  }));
  await writeFile(join(pages, 'webhooks'), JSON.stringify({ items: [webhookConfiguration] }));
  const kubectl = join(folder, 'kubectl');
  await writeProgram(kubectl, script(pages));
  return { kubectl, podBytes };
}

/** A release whose injectors are gone: it should have injected half of the pods. */
const webhookConfiguration = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: 'packet-capture', creationTimestamp: '2020-01-01T00:00:00Z' },
  webhooks: [
    {
      name: webhookNames.privileged,
      failurePolicy: 'Ignore',
      clientConfig: { service: { name: 'packet-capture', namespace: 'packet-capture' } },
      namespaceSelector: { matchLabels: { 'packet-capture/injection': 'enabled' } },
    },
  ],
};

function script(pages: string): string {
  return `for last; do :; done
case "$*" in
*' --raw '*)
  path=\${last%%\\?*}
  from=0
  case $last in *continue=*) from=\${last##*continue=}; from=\${from%%&*} ;; esac
  file='${pages}'/\${path##*/}-$from
  [ -e "$file" ] || file='${pages}/none'
  exec cat "$file" ;;
*' get mutatingwebhookconfigurations'*) cat '${pages}/webhooks' ;;
*' version '*) echo '{"clientVersion":{"gitVersion":"v1.37.2"},"serverVersion":{"gitVersion":"v1.37.2","minor":"37"}}' ;;
*' create '*) printf 'true\\ntrue\\ntrue\\ntrue\\ntrue\\ntrue\\n' ;;
esac`;
}

async function writePages(
  folder: string,
  resource: string,
  count: number,
  make: (index: number) => object,
): Promise<number> {
  await writeFile(join(folder, 'none'), '{"metadata":{},"items":[]}');
  let bytes = 0;
  for (let from = 0; from < count; from += pageSize) {
    const items = Array.from({ length: Math.min(pageSize, count - from) }, (_, index) => make(from + index));
    const next =
      from + pageSize < count ? { continue: String(from + pageSize), remainingItemCount: count - from - pageSize } : {};
    const text = JSON.stringify({ kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: '1', ...next }, items });
    bytes += text.length;
    await writeFile(join(folder, `${resource}-${from}`), text);
  }
  return bytes;
}

function podObject(index: number): object {
  const workload = Math.floor(index / podsEach);
  const app = `app-${workload}`;
  const token = `kube-api-access-${String(index).padStart(5, '0')}`;
  const time = new Date(1.7e12 + index * 1000).toISOString();
  return {
    metadata: {
      name: `${app}-7c9d8f6b5-${String(index).padStart(5, '0')}`,
      namespace: `shop-${workload % 10}`,
      uid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      resourceVersion: String(index),
      creationTimestamp: time,
      labels: {
        app,
        'pod-template-hash': '7c9d8f6b5',
        'app.kubernetes.io/part-of': 'shop',
        'app.kubernetes.io/version': '1.2.3',
      },
      annotations: {
        'prometheus.io/scrape': 'true',
        ...(workload % 2 === 0 ? { 'packet-capture/inject': 'true' } : {}),
      },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${app}-0`, uid: app, controller: true }],
      managedFields: managedFields(time),
    },
    spec: { ...podSpec(app, token), nodeName: `node-${index % 300}`, serviceAccountName: 'default' },
    status: {
      phase: 'Running',
      conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(
        (type) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: time }),
      ),
      hostIP: `10.0.${index % 250}.1`,
      podIP: `10.${index % 250}.0.1`,
      startTime: time,
      qosClass: 'Burstable',
      containerStatuses: ['app', 'proxy', 'logs'].map((name) => ({
        name,
        ready: true,
        restartCount: 0,
        started: true,
        image: `registry.example/${name}:1`,
        imageID: `registry.example/${name}@sha256:${'0'.repeat(64)}`,
        containerID: `containerd://${String(index).padStart(64, '0')}`,
        state: { running: { startedAt: time } },
        lastState: {},
      })),
    },
  };
}

/** Of the usual size. */
export function podSpec(app: string, token: string): object {
  const probe = {
    httpGet: { path: '/healthz', port: 8080, scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  };
  const container = (name: string): object => ({
    name,
    image: `registry.example/${name}:1`,
    imagePullPolicy: 'IfNotPresent',
    args: ['--config', '/etc/app/config.yaml', `--name=${app}`],
    env: Array.from({ length: 12 }, (_, index) => ({
      name: `VARIABLE_${index}`,
      value: `a value of ${app} of the usual length`,
    })),
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    livenessProbe: probe,
    readinessProbe: probe,
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    volumeMounts: [
      { name: 'config', mountPath: '/etc/app' },
      { name: token, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
    ],
    securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  });
  return {
    containers: [container('app'), container('proxy'), container('logs')],
    volumes: [
      { name: 'config', configMap: { name: app, defaultMode: 420 } },
      {
        name: token,
        projected: {
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
            { configMap: { name: 'kube-root-ca.crt' } },
          ],
          defaultMode: 420,
        },
      },
    ],
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    tolerations: ['not-ready', 'unreachable'].map((key) => ({
      key: `node.kubernetes.io/${key}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    })),
  };
}

function managedFields(time: string): object[] {
  const fields = Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [`f:field${index}`, { '.': {}, 'f:name': {}, 'f:value': {} }]),
  );
  return ['kube-controller-manager', 'kubelet'].map((manager) => ({
    manager,
    operation: 'Update',
    apiVersion: 'v1',
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': fields },
  }));
}

function template(workload: number): object {
  const app = `app-${workload}`;
  return {
    metadata: { labels: { app }, annotations: workload % 2 === 0 ? { 'packet-capture/inject': 'true' } : {} },
    spec: podSpec(app, 'kube-api-access'),
  };
}

function deploymentObject(workload: number): object {
  return {
    metadata: {
      name: `app-${workload}`,
      namespace: `shop-${workload % 10}`,
      creationTimestamp: '2026-01-01T00:00:00Z',
      managedFields: managedFields('2026-01-01T00:00:00Z'),
    },
    spec: { replicas: podsEach, selector: { matchLabels: { app: `app-${workload}` } }, template: template(workload) },
    status: { replicas: podsEach, readyReplicas: podsEach },
  };
}

function replicaSetObject(index: number): object {
  const [workload, revision] = [Math.floor(index / revisions), index % revisions];
  return {
    metadata: {
      name: `app-${workload}-${revision}`,
      namespace: `shop-${workload % 10}`,
      creationTimestamp: '2026-01-01T00:00:00Z',
      managedFields: managedFields('2026-01-01T00:00:00Z'),
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          name: `app-${workload}`,
          uid: `app-${workload}`,
          controller: true,
        },
      ],
    },
    spec: { replicas: revision === 0 ? podsEach : 0, template: template(workload) },
    status: { replicas: revision === 0 ? podsEach : 0 },
  };
}
