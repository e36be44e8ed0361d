import type { AgentConfig } from './config.ts';
import { agentUser } from './partNames.ts';

/**
 * What the configuration may say of the sidecar's security context; null leaves a field out, for admission that fills
 * it in (OpenShift's security context constraints). Everything else is what the sidecar needs, or what it must never
 * have.
 */
export interface AgentSecurityContext {
  readonly runAsUser?: number | null | undefined;
  readonly runAsGroup?: number | null | undefined;
  readonly seccompProfile?: { readonly type: 'RuntimeDefault' } | null | undefined;
}

/** Of the pod's own security context, what its containers inherit and the sidecar cannot live with. */
export interface InheritedSecurity {
  /**
   * It runs as root: a container that must not, and names no user, would not be started (CreateContainerConfigError).
   */
  readonly asRoot?: boolean | undefined;
  /** It has an AppArmor profile of its own (`Localhost`), made for the app. */
  readonly localAppArmor?: boolean | undefined;
}

/** The largest uid and gid that the API server takes (IsValidUserID in apimachinery/pkg/util/validation). */
export const largestId = 2_147_483_647;

/**
 * The security context of a container of the sidecar. Where the pod names a local AppArmor profile, it is
 * RuntimeDefault: only there, since a node without AppArmor refuses every pod that names one.
 * @param capability the only one; undefined: what the container runtime gives by default
 */
export function securityContext(
  capability: 'NET_RAW' | 'NET_ADMIN' | undefined,
  { securityContext: configured = {} }: Pick<AgentConfig, 'securityContext'>,
  { asRoot, localAppArmor }: InheritedSecurity,
): Readonly<Record<string, unknown>> {
  const { runAsUser, runAsGroup, seccompProfile } = withDefaults(configured);
  const user = runAsUser ?? (asRoot === true ? agentUser : undefined);
  return {
    allowPrivilegeEscalation: false,
    ...(localAppArmor === true ? { appArmorProfile: { type: 'RuntimeDefault' } } : {}),
    ...(capability === undefined ? {} : { capabilities: { drop: ['ALL'], add: [capability] } }),
    readOnlyRootFilesystem: true,
    ...(runAsGroup === null ? {} : { runAsGroup }),
    runAsNonRoot: true,
    ...(user === undefined ? {} : { runAsUser: user }),
    ...(seccompProfile === null ? {} : { seccompProfile }),
  };
}

/** What is configured, with the defaults for what is not. */
export function withDefaults({ runAsUser, runAsGroup, seccompProfile }: AgentSecurityContext) {
  return {
    runAsUser: runAsUser === undefined ? agentUser : runAsUser,
    runAsGroup: runAsGroup === undefined ? agentUser : runAsGroup,
    seccompProfile: seccompProfile === undefined ? ({ type: 'RuntimeDefault' } as const) : seccompProfile,
  };
}
