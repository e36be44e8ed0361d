import type { Container, Volume } from '../kubernetes/api/types.ts';
import type { CustomSidecarConfig } from '../sidecar/index.ts';

/**
 * Whether a custom sidecar needs more than Pod Security `baseline` admits. The API server would refuse the app's whole
 * pod then.
 * @see staging/src/k8s.io/pod-security-admission/policy in kubernetes/kubernetes, checks of level baseline
 */
export function exceedsBaseline({ containers, initContainers, volumes }: CustomSidecarConfig): boolean {
  return (
    [...containers, ...initContainers].some(containerExceeds) ||
    volumes.some(({ hostPath }: Volume) => hostPath !== undefined)
  );
}

const admittedCapabilities: readonly unknown[] = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];
const admittedSeLinuxTypes: readonly unknown[] = [
  undefined,
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
];

function containerExceeds(container: Container): boolean {
  const context = fields(container['securityContext']);
  return (
    context['privileged'] === true ||
    fields(context['windowsOptions'])['hostProcess'] === true ||
    items(fields(context['capabilities'])['add']).some((capability) => !admittedCapabilities.includes(capability)) ||
    items(container['ports']).some((port) => (fields(port)['hostPort'] ?? 0) !== 0) ||
    [context['seccompProfile'], context['appArmorProfile']].some(
      (profile) => fields(profile)['type'] === 'Unconfined',
    ) ||
    (context['procMount'] ?? 'Default') !== 'Default' ||
    exceedsSeLinux(fields(context['seLinuxOptions'])) ||
    namesProbeHost(container)
  );
}

function exceedsSeLinux({ type, user = '', role = '' }: Fields): boolean {
  return user !== '' || role !== '' || !admittedSeLinuxTypes.includes(type);
}

/** A probe or hook to another host is sent from the node; baseline forbids it since Kubernetes 1.34. */
function namesProbeHost(container: Container): boolean {
  const { postStart, preStop } = fields(container['lifecycle']);
  const handlers = [
    container['livenessProbe'],
    container['readinessProbe'],
    container['startupProbe'],
    postStart,
    preStop,
  ].map(fields);
  const actions = handlers.flatMap(({ httpGet, tcpSocket }) => [httpGet, tcpSocket]);
  return actions.some((action) => (fields(action)['host'] ?? '') !== '');
}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
