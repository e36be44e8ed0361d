import { agentUser } from './partNames.ts';

/**
 * The configurable part of the sidecar's security context. null leaves a field out, so that admission can fill it in
 * (OpenShift's security context constraints). The other fields are fixed: the sidecar needs them, or must never have
 * them.
 */
export interface AgentSecurityContext {
  readonly runAsUser?: number | null | undefined;
  readonly runAsGroup?: number | null | undefined;
  readonly seccompProfile?: { readonly type: 'RuntimeDefault' } | null | undefined;
}

/** Fields of the pod's security context that the sidecar would inherit, and with which it would not start. */
export interface InheritedSecurity {
  /**
   * The pod runs as root: a container with runAsNonRoot and without a user would not start
   * (CreateContainerConfigError).
   */
  readonly asRoot?: boolean | undefined;
  /** The pod has an AppArmor profile of the node (`Localhost`), which was made for the app. */
  readonly localAppArmor?: boolean | undefined;
}

/** The largest uid and gid that the API server accepts (IsValidUserID in apimachinery/pkg/util/validation). */
export const largestId = 2_147_483_647;

/**
 * The security context of a container of the sidecar. Its AppArmor profile is set, to RuntimeDefault, only if the pod
 * has a local one: a node without AppArmor refuses every pod that names a profile.
 * @param capability the only one; undefined: the defaults of the container runtime
 */
export function securityContext(
  capability: 'NET_RAW' | 'NET_ADMIN' | undefined,
  { securityContext: configured = {} }: { readonly securityContext?: AgentSecurityContext | undefined },
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

/** The configured values, with defaults for absent ones. */
export function withDefaults({ runAsUser, runAsGroup, seccompProfile }: AgentSecurityContext) {
  return {
    runAsUser: runAsUser === undefined ? agentUser : runAsUser,
    runAsGroup: runAsGroup === undefined ? agentUser : runAsGroup,
    seccompProfile: seccompProfile === undefined ? ({ type: 'RuntimeDefault' } as const) : seccompProfile,
  };
}
