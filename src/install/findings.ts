export type Severity = 'error' | 'warning' | 'note';

interface FindingKind {
  readonly severity: Severity;
  /** What it means and what to do, for docs/install.md and as the hint of the finding; plain sentences. */
  readonly hint: string;
}

/**
 * Everything that the preflight can find, by code. An error stops the command before anything is changed.
 * docs/install.md has the same table; a test compares them.
 */
export const findingKinds = {
  kubernetes_too_old: { severity: 'error', hint: 'The chart needs Kubernetes 1.30 or later.' },
  rights_missing: { severity: 'error', hint: 'Ask a cluster administrator for these rights, or to run the command.' },
  rights_unknown: { severity: 'warning', hint: 'The cluster did not say what you may do; the command may fail half way.' },
  release_pending: { severity: 'error', hint: 'Another helm is at work, or was killed. Wait; then go back with `helm rollback`, or remove a first install with `helm uninstall`.' },
  release_failed: { severity: 'note', hint: 'The last attempt did not succeed; this one starts from the revision that works.' },
  release_foreign: { severity: 'error', hint: 'Choose another name with --release or another --namespace.' },
  namespace_terminating: { severity: 'error', hint: 'Wait until it is gone, or choose another namespace.' },
  values_rejected: { severity: 'error', hint: 'Correct the values; the words are helm\'s own.' },
  kind_unknown: { severity: 'error', hint: 'Install what brings this kind (cert-manager, the Prometheus operator), or switch it off in the values.' },
  target_namespace_missing: { severity: 'error', hint: 'Create the namespace first, or take it out of `targets`.' },
  target_restricted: { severity: 'error', hint: 'Pod Security "restricted" admits no capture: relabel the namespace, or take it out of `targets`.' },
  target_baseline: { severity: 'note', hint: 'Captures work where the container runtime grants NET_RAW by default, as containerd does; CRI-O does not.' },
  target_excluded: { severity: 'error', hint: 'Pods of this namespace are never injected; take it out of `targets`.' },
  target_missing: { severity: 'error', hint: 'The hook would fail: create the workload first, or take it out of `targets`.' },
  target_opted_out: { severity: 'warning', hint: 'Its pod template says "false", which always wins: take that annotation out to capture there.' },
  target_managed: { severity: 'warning', hint: 'Set the annotation in its source as well, or it may be reverted.' },
  secret_missing: { severity: 'error', hint: 'Create the Secret (type kubernetes.io/tls) first, or choose another certs.mode.' },
  secret_incomplete: { severity: 'error', hint: 'Put tls.crt and tls.key into it.' },
  certificate_unfit: { severity: 'error', hint: 'The API server would not accept it. `packet-capture certs inspect` says more.' },
  certificate_expires: { severity: 'warning', hint: 'Renew it soon: expired, it ends injection without a sound.' },
  hooks_disabled: { severity: 'note', hint: 'Nothing is opted in for you; the lines to run are at the end.' },
  rehearsal_failed: { severity: 'error', hint: 'The cluster would refuse it; the words are helm\'s own.' },
} as const satisfies Record<string, FindingKind>;

export type FindingCode = keyof typeof findingKinds;

/** One line of the preflight; plain data, for people and for `-o json`. */
export interface Finding {
  readonly severity: Severity;
  readonly code: FindingCode;
  /** One clause. */
  readonly what: string;
  readonly where: string;
  /** What to do. */
  readonly hint: string;
}

export function finding(code: FindingCode, where: string, what: string): Finding {
  const { severity, hint } = findingKinds[code];
  return { severity, code, what, where, hint };
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error');
}

/** Two lines for people: what and where, then what to do. */
export function formatFinding({ severity, code, what, where, hint }: Finding): string {
  return `${severity} ${code}: ${where}: ${what}\n  ${hint}`;
}
