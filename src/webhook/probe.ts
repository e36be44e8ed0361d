import { probeAnnotation, restrictedSecurityContext } from '../sidecar/index.ts';
import { applicationName, componentLabel, components, instanceLabel, nameLabel } from './names.ts';

export interface ProbeRequest {
  readonly release: string;
  /** The release's own. */
  readonly namespace: string;
  /** Of the probe's one container; never pulled, since the pod is never created. */
  readonly image: string;
}

/**
 * The manifest of a pod that is created with `dryRun=All` alone: the probe webhook answers it with what would be
 * injected, so that injection is proven from the API server on. It meets Pod Security `restricted`, and asks for
 * little, so that a quota of the namespace does not stand in its way.
 */
export function probePod({ release, namespace, image }: ProbeRequest): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'packet-capture-probe-',
      namespace,
      labels: { [nameLabel]: applicationName, [instanceLabel]: release, [componentLabel]: components.probe },
    },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'probe',
          image,
          resources: { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '1m', memory: '1Mi' } },
          securityContext: restrictedSecurityContext,
        },
      ],
    },
  };
}

/** Whether a pod that the API server returned went through the probe webhook of an injector. */
export function isInjected(pod: unknown): boolean {
  const { metadata } = objectOf(pod);
  const { annotations } = objectOf(metadata);
  const value = objectOf(annotations)[probeAnnotation];
  return typeof value === 'string' && value !== '';
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
