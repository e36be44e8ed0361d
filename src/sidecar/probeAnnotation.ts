import { annotationPrefix } from '../settings/index.ts';

/** The annotation of an answered probe: the version of the injector or policy that answered. */
export const probeAnnotation = `${annotationPrefix}probe`;

/** What Pod Security `restricted` requires of each container. */
export const restrictedSecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
} as const;
