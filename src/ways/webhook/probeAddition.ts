import { planInjection, type Addition } from '../../inject/index.ts';
import type { Container, PodTemplate } from '../../kubernetes/api/types.ts';
import { statusAnnotation } from '../../settings/index.ts';
import { probeAnnotation, restrictedSecurityContext, type SidecarConfig } from '../../sidecar/index.ts';
import { version } from '../../version.ts';
import { componentLabel, components } from './names.ts';
import type { SkippedReason } from './reviewReasons.ts';

/**
 * The addition to a probe: the same as for any other pod, but reduced to what every Pod Security level admits. The
 * answer then only depends on whether injection works.
 */
export function probeAddition(pod: PodTemplate, config: SidecarConfig): Addition | SkippedReason {
  const { annotations, labels } = pod.metadata ?? {};
  if (labels?.[componentLabel] !== components.probe) return 'not_probe';
  if (annotations?.[probeAnnotation] !== undefined) return 'already_injected';
  const plan = planInjection(pod, { config, settings: {}, podSecurity: 'privileged', atAdmission: true });
  if (!plan.inject) return plan.reason;
  const { addition } = plan;
  const status = addition.annotations[statusAnnotation];
  return {
    annotations: { ...(status === undefined ? {} : { [statusAnnotation]: status }), [probeAnnotation]: version },
    initContainers: addition.initContainers.map(bare),
    containers: addition.containers.map(bare),
    volumes: [],
    imagePullSecrets: [],
  };
}

/** The container without what a Pod Security level might refuse. */
function bare({ name, image, restartPolicy, resources }: Container): Container {
  return {
    name,
    ...(image === undefined ? {} : { image }),
    ...(restartPolicy === undefined ? {} : { restartPolicy }),
    ...(resources === undefined ? {} : { resources }),
    securityContext: restrictedSecurityContext,
  };
}
