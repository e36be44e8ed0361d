import { annotationPrefix } from '../settings/index.ts';

/** On the answer to a probe: the version of the injector or policy that gave it. */
export const probeAnnotation = `${annotationPrefix}probe`;

/** What Pod Security `restricted` asks of each container. */
export const restrictedSecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
} as const;
