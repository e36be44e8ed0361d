/**
 * A review of about 10 KB: a pod of a ReplicaSet with three containers, as the API server sends it. No two numbers give
 * the same pod: name, labels, annotations and environment differ, so that no answer can be kept for the next pod.
 * @param uid of the review
 */
export function makeReview(number: number, uid: string): object {
  const namespace = `shop-${number % 20}`;
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid,
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      requestKind: { group: '', version: 'v1', kind: 'Pod' },
      requestResource: { group: '', version: 'v1', resource: 'pods' },
      namespace,
      operation: 'CREATE',
      userInfo: {
        username: 'system:serviceaccount:kube-system:replicaset-controller',
        uid: '8f0e4b1a-93cd-4d1e-9a5b-1d3f0a7f8a10',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
      },
      object: asStored(makePod(number, namespace), number),
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  };
}

/** A pod of a ReplicaSet, as its controller creates it. */
function asStored(pod: Pod, number: number): object {
  const owner = `checkout-${number}-7c5ddbdf54`;
  const ownerReferences = [
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: owner,
      uid: '1f1ff1a0-0000-4000-8000-000000000001',
      controller: true,
      blockOwnerDeletion: true,
    },
  ];
  const managedFields = [
    {
      manager: 'kube-controller-manager',
      operation: 'Update',
      apiVersion: 'v1',
      time: '2026-11-22T12:00:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:metadata': { 'f:labels': { '.': {}, 'f:app.kubernetes.io/name': {} } } },
    },
  ];
  return {
    ...pod,
    metadata: { ...pod.metadata, generateName: `${owner}-`, ownerReferences, managedFields },
    spec: { ...pod.spec, serviceAccountName: 'checkout', serviceAccount: 'checkout' },
    status: {},
  };
}

interface Pod {
  readonly apiVersion: 'v1';
  readonly kind: 'Pod';
  readonly metadata: object;
  readonly spec: object;
}

/** A pod of three containers and 66 environment variables that asks for the sidecar. */
export function makePod(number: number, namespace: string): Pod {
  const name = `checkout-${number}`;
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      namespace,
      labels: {
        'app.kubernetes.io/name': name,
        'app.kubernetes.io/part-of': 'shop',
        'pod-template-hash': '7c5ddbdf54',
      },
      annotations: {
        'packet-capture/inject': 'true',
        'packet-capture/filter': `tcp port ${1024 + number}`,
        'prometheus.io/scrape': 'true',
      },
    },
    spec: {
      volumes: [
        { name: 'config', configMap: { name, defaultMode: 420 } },
        {
          name: 'kube-api-access-x7k2p',
          projected: {
            defaultMode: 420,
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
              { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
            ],
          },
        },
      ],
      initContainers: [makeContainer('migrate', number, 6)],
      containers: [makeApp('checkout', number, 38), makeApp('proxy', number, 22)],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      securityContext: {},
      schedulerName: 'default-scheduler',
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      ],
      enableServiceLinks: true,
    },
  };
}

function makeApp(name: string, number: number, variables: number): object {
  const readinessProbe = {
    httpGet: { path: '/ready', port: 8080, scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 5,
    successThreshold: 1,
    failureThreshold: 3,
  };
  return { ...makeContainer(name, number, variables), readinessProbe };
}

function makeContainer(name: string, number: number, variables: number): object {
  return {
    name,
    image: `registry.example/shop/${name}:1.${number}.0@sha256:7f3c1a0e6a3f0b0f6f1f4c9a6d1f2e3b4c5d6e7f8091a2b3c4d5e6f708192a3b`,
    args: ['--listen', ':8080', '--log=json'],
    ports: [{ name: `${name}-http`, containerPort: 8080, protocol: 'TCP' }],
    env: Array.from({ length: variables }, (_, index) => ({
      name: `SETTING_NUMBER_${index}`,
      value: `https://service-${index}.shop-${number}.svc:8443/api/v1/items?limit=100`,
    })),
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    volumeMounts: [
      { name: 'config', mountPath: '/etc/checkout', readOnly: true },
      { name: 'kube-api-access-x7k2p', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
    ],
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
  };
}
