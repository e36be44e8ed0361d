import { addsOnly, eachContainer, noHostPorts, notPrivileged, type Demand, type Violation } from './standIn.ts';

/** A SecurityContextConstraints object, as far as it is imitated. */
export interface Scc {
  readonly metadata: { readonly name: string };
  readonly allowPrivilegedContainer: boolean;
  readonly allowPrivilegeEscalation: boolean;
  readonly allowHostDirVolumePlugin: boolean;
  readonly allowHostIPC: boolean;
  readonly allowHostNetwork: boolean;
  readonly allowHostPID: boolean;
  readonly allowHostPorts: boolean;
  readonly allowedCapabilities: readonly string[] | null;
  readonly requiredDropCapabilities: readonly string[] | null;
  readonly runAsUser: { readonly type: string };
  readonly fsGroup: { readonly type: string };
  readonly seccompProfiles: readonly string[];
  readonly volumes: readonly string[];
}

/**
 * What every service account may use.
 * @see openshift/cluster-kube-apiserver-operator, bindata/bootkube/scc-manifests, restricted-v2
 */
export const restrictedV2: Scc = {
  metadata: { name: 'restricted-v2' },
  allowPrivilegedContainer: false,
  allowPrivilegeEscalation: false,
  allowHostDirVolumePlugin: false,
  allowHostIPC: false,
  allowHostNetwork: false,
  allowHostPID: false,
  allowHostPorts: false,
  allowedCapabilities: ['NET_BIND_SERVICE'],
  requiredDropCapabilities: ['ALL'],
  runAsUser: { type: 'MustRunAsRange' },
  fsGroup: { type: 'MustRunAs' },
  seccompProfiles: ['runtime/default'],
  volumes: [
    'configMap',
    'csi',
    'downwardAPI',
    'emptyDir',
    'ephemeral',
    'image',
    'persistentVolumeClaim',
    'projected',
    'secret',
  ],
};

/** The annotations of every namespace of OpenShift: where its users and groups come from. */
export const namespaceRanges = {
  'openshift.io/sa.scc.uid-range': '1000680000/10000',
  'openshift.io/sa.scc.supplemental-groups': '1000680000/10000',
};

/**
 * Pods of a namespace with OpenShift's SCCs: each is admitted by one that its service account may use, `restricted-v2`
 * or the other one. What is missing in a pod, an SCC fills in, so here it is admitted. The SELinux level is not
 * imitated.
 * OpenShift also asks whether the user who creates a pod may use the SCC: here that user may use all, and is not asked.
 */
export function openshift(other?: Scc): readonly Demand[] {
  const names = other === undefined ? [restrictedV2] : [restrictedV2, other];
  const admitted = names.map((scc) => (scc === restrictedV2 ? admits(scc) : `(${mayUse(scc)} && ${admits(scc)})`));
  return [
    { name: 'unable to validate against any security context constraint', expression: `(${admitted.join(' || ')})` },
  ];
}

function mayUse({ metadata }: Scc): string {
  return `authorizer.serviceAccount(object.metadata.namespace, object.spec.?serviceAccountName.orValue('default')).group('security.openshift.io').resource('securitycontextconstraints').namespace(object.metadata.namespace).name('${metadata.name}').check('use').allowed()`;
}

function admits(scc: Scc): string {
  const host = [
    ['hostNetwork', scc.allowHostNetwork],
    ['hostPID', scc.allowHostPID],
    ['hostIPC', scc.allowHostIPC],
  ] as const;
  const volumes = scc.volumes.map((type) => `has(v.${type})`).join(' || ');
  const conditions = [
    addsOnly(scc.allowedCapabilities ?? []),
    ...host.filter(([, allowed]) => !allowed).map(([field]) => `!object.spec.?${field}.orValue(false)`),
    ...(scc.allowPrivilegedContainer ? [] : [notPrivileged]),
    ...(scc.allowHostPorts ? [] : [noHostPorts]),
    ...(scc.allowPrivilegeEscalation
      ? []
      : [eachContainer('!c.?securityContext.?allowPrivilegeEscalation.orValue(false)')]),
    ...(scc.runAsUser.type === 'MustRunAsRange' ? [users] : []),
    ...(scc.fsGroup.type === 'MustRunAs' ? [groups] : []),
    ...(scc.seccompProfiles.includes('runtime/default') ? [profiles] : []),
    `variables.volumes.all(v, ${volumes})`,
  ];
  return `(${conditions.join(' && ')})`;
}

/** Whether a number is in the range of the namespace, `FIRST/COUNT`; a number of 0 or more, or -1 for none. */
function inRange(number: string, annotation: keyof typeof namespaceRanges): string {
  const part = (index: number): string =>
    `int(namespaceObject.metadata.annotations['${annotation}'].split('/')[${index}])`;
  return `(${number} == -1 || (${number} >= ${part(0)} && ${number} < ${part(0)} + ${part(1)}))`;
}

const users = [
  eachContainer(inRange('c.?securityContext.?runAsUser.orValue(-1)', 'openshift.io/sa.scc.uid-range')),
  inRange('object.spec.?securityContext.?runAsUser.orValue(-1)', 'openshift.io/sa.scc.uid-range'),
].join(' && ');
/** MustRunAs without ranges: the first group of the namespace's range, and no other. */
const groups =
  "[-1, int(namespaceObject.metadata.annotations['openshift.io/sa.scc.supplemental-groups'].split('/')[0])].exists(g, g == object.spec.?securityContext.?fsGroup.orValue(-1))";
const profiles = [
  eachContainer("c.?securityContext.?seccompProfile.?type.orValue('RuntimeDefault') == 'RuntimeDefault'"),
  "object.spec.?securityContext.?seccompProfile.?type.orValue('RuntimeDefault') == 'RuntimeDefault'",
].join(' && ');

const noScc = 'unable to validate against any security context constraint';

/** Pods that no SCC of these admits. */
export const openshiftViolations: readonly Violation[] = [
  { spec: { hostNetwork: true } },
  { spec: { hostPID: true } },
  { spec: { securityContext: { runAsUser: 1000 } } },
  { spec: { securityContext: { fsGroup: 1_000_680_001 } } },
  { spec: { securityContext: { seccompProfile: { type: 'Unconfined' } } } },
  { spec: { volumes: [{ name: 'host', hostPath: { path: '/var/log' } }] } },
  { container: { securityContext: { runAsUser: 1_000_690_000 } } },
  { container: { securityContext: { privileged: true } } },
  { container: { securityContext: { allowPrivilegeEscalation: true } } },
  { container: { securityContext: { capabilities: { add: ['NET_ADMIN'] } } } },
  { container: { ports: [{ containerPort: 80, hostPort: 80 }] } },
].map((violation) => ({ refusedBy: noScc, ...violation }));
