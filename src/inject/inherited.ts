import type { PodSpec } from '../kubernetes/api/types.ts';
import type { InheritedSecurity } from '../sidecar/index.ts';

/** The fields of the pod's security context that the sidecar would inherit, and with which it would not start. */
export function inheritedSecurity({ securityContext }: PodSpec): InheritedSecurity {
  if (typeof securityContext !== 'object' || securityContext === null) return none;
  const { runAsUser, appArmorProfile } = securityContext as {
    readonly runAsUser?: unknown;
    readonly appArmorProfile?: { readonly type?: unknown } | null;
  };
  return { asRoot: runAsUser === 0, localAppArmor: appArmorProfile?.type === 'Localhost' };
}

const none: InheritedSecurity = {};
