import type { Container, PodSpec, Volume } from '../../../../src/kubernetes/api/types.ts';
import type { StoredPod } from './stored.ts';

/** Ways in which one stored pod could differ from another: each must be noticed. */
export const alterations: readonly [name: string, alter: (pod: StoredPod) => StoredPod][] = [
  ['the sidecar last', inSpec(({ initContainers }) => ({ initContainers: (initContainers ?? []).toReversed() }))],
  ['another image', inSidecar(() => ({ image: 'packet-capture/agent:0' }))],
  ['no restartPolicy', inSidecar(() => ({ restartPolicy: 'Never' }))],
  ['a variable less', inSidecar(({ env }) => ({ env: (env as readonly unknown[]).slice(1) }))],
  ['variables in another order', inSidecar(({ env }) => ({ env: (env as readonly unknown[]).toReversed() }))],
  [
    'a request more',
    inSidecar(({ resources }) => ({ resources: { ...resources, requests: { ...resources?.requests, cpu: '11m' } } })),
  ],
  [
    'a capability more',
    inSidecar(({ securityContext }) => ({
      securityContext: {
        ...(securityContext as object),
        capabilities: { add: ['NET_RAW', 'NET_ADMIN'], drop: ['ALL'] },
      },
    })),
  ],
  ['the token in sight', inSidecar(({ volumeMounts }) => ({ volumeMounts: (volumeMounts ?? []).slice(0, 2) }))],
  ['a volume less', inSpec(({ volumes }) => ({ volumes: (volumes ?? []).slice(1) }))],
  ['another size limit', inSpec(({ volumes }) => ({ volumes: (volumes ?? []).map(larger) }))],
  [
    'another status',
    (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, annotations: { ...pod.metadata?.annotations, 'packet-capture/status': '{}' } },
    }),
  ],
  [
    'an annotation lost',
    (pod) => ({
      ...pod,
      metadata: {
        ...pod.metadata,
        annotations: { 'packet-capture/status': pod.metadata?.annotations?.['packet-capture/status'] ?? '' },
      },
    }),
  ],
  ['a toleration less', inSpec(({ tolerations }) => ({ tolerations: (tolerations as readonly unknown[]).slice(1) }))],
  ['pull secrets', inSpec(() => ({ imagePullSecrets: [{ name: 'registry' }] }))],
];

function inSpec(change: (spec: PodSpec) => Partial<PodSpec>): (pod: StoredPod) => StoredPod {
  return (pod) => ({ ...pod, spec: { ...pod.spec, ...change(pod.spec ?? {}) } });
}

function inSidecar(change: (container: Container) => Partial<Container>): (pod: StoredPod) => StoredPod {
  return inSpec(({ initContainers }) => ({
    initContainers: (initContainers ?? []).map((container) =>
      container.name === 'packet-capture' ? { ...container, ...change(container) } : container,
    ),
  }));
}

function larger(volume: Volume): Volume {
  return volume.name === 'packet-capture-files' ? { ...volume, emptyDir: { sizeLimit: '161Mi' } } : volume;
}
