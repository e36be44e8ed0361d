import { annotationPrefix } from '../settings/index.ts';

/** On the answer to a probe: the version that gave it. The same key as the injector's server has. */
export const probeAnnotation = `${annotationPrefix}probe`;

/** What Pod Security `restricted` asks of each container. */
export const restrictedSecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
} as const;
