import { bool, each, integer, intOrText, listOf, mapOf, oneOf, quantity, shape, text } from './shapes.ts';

/**
 * Parts of Kubernetes objects that values pass on; see shapes.ts. Each is one definition of the schema, see schema.ts.
 */

const texts = listOf(text);

const expressions = (...operators: readonly string[]) =>
  listOf(shape({ key: text, operator: oneOf(...operators), values: texts }, 'key', 'operator'));

/** A label selector inside another object. The selectors of the injection are stricter, see schemas.ts. */
export const labelSelector = shape({
  matchLabels: mapOf(text),
  matchExpressions: expressions('In', 'NotIn', 'Exists', 'DoesNotExist'),
});

/** `nodeSelector` of a pod: labels that a node must have. */
export const nodeSelector = mapOf(text);

/** `tolerations` of a pod. Lt and Gt compare numbers (KEP-5471). */
export const tolerations = listOf(
  shape({
    ...each(text, 'key', 'value'),
    operator: oneOf('', 'Exists', 'Equal', 'Lt', 'Gt'),
    effect: oneOf('', 'NoSchedule', 'PreferNoSchedule', 'NoExecute'),
    tolerationSeconds: integer,
  }),
);

const nodeExpressions = expressions('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt');
const nodeTerm = shape({ matchExpressions: nodeExpressions, matchFields: nodeExpressions });
const podTerm = shape(
  {
    labelSelector,
    namespaceSelector: labelSelector,
    topologyKey: text,
    ...each(texts, 'namespaces', 'matchLabelKeys', 'mismatchLabelKeys'),
  },
  'topologyKey',
);
const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
const podTerms = shape({
  [required]: listOf(podTerm),
  [preferred]: listOf(shape({ weight: integer, podAffinityTerm: podTerm }, 'weight', 'podAffinityTerm')),
});

/** `affinity` of a pod. */
export const affinity = shape({
  nodeAffinity: shape({
    [required]: shape({ nodeSelectorTerms: listOf(nodeTerm) }, 'nodeSelectorTerms'),
    [preferred]: listOf(shape({ weight: integer, preference: nodeTerm }, 'weight', 'preference')),
  }),
  podAffinity: podTerms,
  podAntiAffinity: podTerms,
});

/** `topologySpreadConstraints` of a pod. */
export const topologySpread = listOf(
  shape(
    {
      ...each(integer, 'maxSkew', 'minDomains'),
      topologyKey: text,
      whenUnsatisfiable: oneOf('DoNotSchedule', 'ScheduleAnyway'),
      labelSelector,
      ...each(oneOf('Honor', 'Ignore'), 'nodeAffinityPolicy', 'nodeTaintsPolicy'),
      matchLabelKeys: texts,
    },
    'maxSkew',
    'topologyKey',
    'whenUnsatisfiable',
  ),
);

const amounts = mapOf(quantity);
/** `resources` of a container. */
export const resources = shape({
  requests: amounts,
  limits: amounts,
  claims: listOf(shape(each(text, 'name', 'request'), 'name')),
});

const profile = shape(each(text, 'type', 'localhostProfile'), 'type');
const identity = {
  runAsNonRoot: bool,
  ...each(integer, 'runAsUser', 'runAsGroup'),
  ...each(profile, 'seccompProfile', 'appArmorProfile'),
  seLinuxOptions: shape(each(text, 'user', 'role', 'type', 'level')),
};
/** `securityContext` of a pod. */
export const podSecurityContext = shape({
  ...identity,
  fsGroup: integer,
  supplementalGroups: listOf(integer),
  ...each(text, 'fsGroupChangePolicy', 'supplementalGroupsPolicy', 'seLinuxChangePolicy'),
  sysctls: listOf(shape(each(text, 'name', 'value'), 'name', 'value')),
});
/** `securityContext` of a container. */
export const securityContext = shape({
  ...identity,
  ...each(bool, 'allowPrivilegeEscalation', 'privileged', 'readOnlyRootFilesystem'),
  procMount: text,
  capabilities: shape(each(texts, 'add', 'drop')),
});

/** `dnsConfig` of a pod. */
export const dnsConfig = shape({
  ...each(texts, 'nameservers', 'searches'),
  options: listOf(shape(each(text, 'name', 'value'))),
});
/** `hostAliases` of a pod: lines for its /etc/hosts. */
export const hostAliases = listOf(shape({ ip: text, hostnames: texts }, 'ip'));

/** `strategy` of a Deployment. */
export const strategy = shape({
  type: oneOf('RollingUpdate', 'Recreate'),
  rollingUpdate: shape(each(intOrText, 'maxSurge', 'maxUnavailable')),
});

const reference = shape({ ...each(text, 'name', 'key'), optional: bool }, 'key');
/** `env` of a container. */
export const env = listOf(
  shape(
    {
      ...each(text, 'name', 'value'),
      valueFrom: shape({
        fieldRef: shape(each(text, 'apiVersion', 'fieldPath'), 'fieldPath'),
        resourceFieldRef: shape({ ...each(text, 'containerName', 'resource'), divisor: quantity }, 'resource'),
        ...each(reference, 'configMapKeyRef', 'secretKeyRef'),
        fileKeyRef: shape({ ...each(text, 'volumeName', 'path', 'key'), optional: bool }),
      }),
    },
    'name',
  ),
);

/** `volumeMounts` of a container. */
export const volumeMounts = listOf(
  shape(
    {
      ...each(text, 'name', 'mountPath', 'subPath', 'subPathExpr', 'mountPropagation', 'recursiveReadOnly'),
      readOnly: bool,
    },
    'name',
    'mountPath',
  ),
);

const httpHeaders = listOf(shape(each(text, 'name', 'value'), 'name', 'value'));
const actions = {
  exec: shape({ command: texts }),
  httpGet: shape({ ...each(text, 'path', 'host', 'scheme'), port: intOrText, httpHeaders }),
  tcpSocket: shape({ host: text, port: intOrText }),
};
/** A probe of a container; an absent field means the default of Kubernetes. */
export const probe = shape({
  ...actions,
  grpc: shape({ port: integer, service: text }, 'port'),
  ...each(
    integer,
    'initialDelaySeconds',
    'periodSeconds',
    'timeoutSeconds',
    'successThreshold',
    'failureThreshold',
    'terminationGracePeriodSeconds',
  ),
});

const handler = shape({ ...actions, sleep: shape({ seconds: integer }, 'seconds') });
const source = shape({ name: text, optional: bool });
/** Whole containers, for a custom sidecar. Fields that are not named here are passed on unchecked. */
export const containers = listOf(
  shape(
    {
      ...each(
        text,
        'name',
        'image',
        'imagePullPolicy',
        'workingDir',
        'restartPolicy',
        'terminationMessagePath',
        'terminationMessagePolicy',
      ),
      ...each(texts, 'command', 'args'),
      ...each(bool, 'stdin', 'stdinOnce'),
      tty: bool,
      env,
      envFrom: listOf(shape({ prefix: text, ...each(source, 'configMapRef', 'secretRef') })),
      ports: listOf(
        shape(
          { ...each(integer, 'containerPort', 'hostPort'), ...each(text, 'name', 'protocol', 'hostIP') },
          'containerPort',
        ),
      ),
      resources,
      resizePolicy: listOf(shape(each(text, 'resourceName', 'restartPolicy'))),
      volumeMounts,
      volumeDevices: listOf(shape(each(text, 'name', 'devicePath'), 'name', 'devicePath')),
      ...each(probe, 'livenessProbe', 'readinessProbe', 'startupProbe'),
      lifecycle: shape({ ...each(handler, 'postStart', 'preStop'), stopSignal: text }),
      securityContext,
    },
    'name',
  ),
);

const items = listOf(shape({ ...each(text, 'key', 'path'), mode: integer }, 'key', 'path'));
const fields = listOf(
  shape(
    {
      path: text,
      fieldRef: shape(each(text, 'apiVersion', 'fieldPath'), 'fieldPath'),
      resourceFieldRef: shape({ ...each(text, 'containerName', 'resource'), divisor: quantity }, 'resource'),
      mode: integer,
    },
    'path',
  ),
);
const configMap = { name: text, items, optional: bool };
/** `volumes` of a pod. */
export const volumes = listOf(
  shape(
    {
      name: text,
      emptyDir: shape({ medium: text, sizeLimit: quantity }),
      configMap: shape({ ...configMap, defaultMode: integer }),
      secret: shape({ secretName: text, items, optional: bool, defaultMode: integer }),
      downwardAPI: shape({ items: fields, defaultMode: integer }),
      projected: shape({
        defaultMode: integer,
        sources: listOf(
          shape({
            ...each(shape(configMap), 'configMap', 'secret'),
            downwardAPI: shape({ items: fields }),
            serviceAccountToken: shape({ ...each(text, 'audience', 'path'), expirationSeconds: integer }, 'path'),
          }),
        ),
      }),
      persistentVolumeClaim: shape({ claimName: text, readOnly: bool }, 'claimName'),
      hostPath: shape(each(text, 'path', 'type'), 'path'),
      nfs: shape({ ...each(text, 'server', 'path'), readOnly: bool }, 'server', 'path'),
      csi: shape(
        {
          ...each(text, 'driver', 'fsType'),
          readOnly: bool,
          volumeAttributes: mapOf(text),
          nodePublishSecretRef: shape({ name: text }),
        },
        'driver',
      ),
      image: shape(each(text, 'reference', 'pullPolicy')),
    },
    'name',
  ),
);

/** Peers of a NetworkPolicy: the `from` of a rule. */
export const networkPeers = listOf(
  shape({
    ...each(labelSelector, 'podSelector', 'namespaceSelector'),
    ipBlock: shape({ cidr: text, except: texts }, 'cidr'),
  }),
);
/** `egress` of a NetworkPolicy. */
export const egressRules = listOf(
  shape({ to: networkPeers, ports: listOf(shape({ port: intOrText, endPort: integer, protocol: text })) }),
);

const metricTarget = shape(
  { type: text, ...each(quantity, 'value', 'averageValue'), averageUtilization: integer },
  'type',
);
const metric = shape({ name: text, selector: labelSelector }, 'name');
const described = shape(each(text, 'apiVersion', 'kind', 'name'), 'kind', 'name');
/** `metrics` of a HorizontalPodAutoscaler, of autoscaling/v2. */
export const scalingMetrics = listOf(
  shape(
    {
      type: text,
      resource: shape({ name: text, target: metricTarget }, 'name', 'target'),
      containerResource: shape(
        { ...each(text, 'name', 'container'), target: metricTarget },
        'name',
        'container',
        'target',
      ),
      pods: shape({ metric, target: metricTarget }, 'metric', 'target'),
      object: shape(
        { describedObject: described, metric, target: metricTarget },
        'describedObject',
        'metric',
        'target',
      ),
      external: shape({ metric, target: metricTarget }, 'metric', 'target'),
    },
    'type',
  ),
);
const scalingRules = shape({
  stabilizationWindowSeconds: integer,
  selectPolicy: text,
  tolerance: quantity,
  policies: listOf(shape({ type: text, ...each(integer, 'value', 'periodSeconds') }, 'type', 'value', 'periodSeconds')),
});
/** `behavior` of a HorizontalPodAutoscaler. */
export const scalingBehavior = shape(each(scalingRules, 'scaleUp', 'scaleDown'));

/** The relabelings of the Prometheus operator. */
export const relabelings = listOf(
  shape({
    sourceLabels: texts,
    ...each(text, 'separator', 'targetLabel', 'regex', 'replacement', 'action'),
    modulus: integer,
  }),
);
