export type Severity = 'error' | 'warning' | 'note';

interface FindingKind {
  readonly severity: Severity;
  /** One clause, for docs/install.md. */
  readonly meaning: string;
  /** What to do, plain sentences. */
  readonly hint: string;
}

/**
 * Everything that the preflight can find, by code. An error stops the command before anything is changed.
 * docs/install.md has the same table; a test compares them.
 */
export const findingKinds = {
  kubernetes_too_old: { severity: 'error', meaning: 'The API server is older than the chart allows', hint: 'The chart needs Kubernetes 1.30 or later.' },
  rights_missing: { severity: 'error', meaning: 'You may not do what the chart or helm needs', hint: 'Ask a cluster administrator for these rights, or to run the command.' },
  rights_unknown: { severity: 'warning', meaning: 'The API server does not answer what you may do', hint: 'The cluster did not say what you may do; the command may fail half way.' },
  release_pending: { severity: 'error', meaning: 'Helm has recorded that the release is being changed', hint: 'Another helm is at work, or was killed. Wait; then go back with `helm rollback`, or remove a first install with `helm uninstall`.' },
  release_failed: { severity: 'note', meaning: 'The last revision is a failed one', hint: 'The last attempt did not succeed; this one starts from the revision that works.' },
  release_foreign: { severity: 'error', meaning: 'The name belongs to a release of another chart', hint: 'Choose another name with --release or another --namespace.' },
  namespace_terminating: { severity: 'error', meaning: "The release's namespace is being deleted", hint: 'Wait until it is gone, or choose another namespace.' },
  namespace_missing: { severity: 'error', meaning: 'The namespace that the values name for the objects does not exist', hint: 'Create it first; helm makes that of the release alone.' },
  values_rejected: { severity: 'error', meaning: 'The chart does not take the values', hint: 'Correct the values; the words are helm\'s own.' },
  kind_unknown: { severity: 'error', meaning: 'The chart would make a kind that the cluster does not have', hint: 'Install what brings this kind (cert-manager, the Prometheus operator), or switch it off in the values.' },
  policy_unsupported: { severity: 'error', meaning: 'injection.way is policy, and the cluster has no admission policies that inject', hint: 'MutatingAdmissionPolicy v1 came with Kubernetes 1.36. Leave injection.way at webhook.' },
  way_changes: { severity: 'note', meaning: 'The running release injects by the other way', hint: 'Pods that start while it changes may come without the sidecar. Two releases that overlap miss none: see docs/chart.md.' },
  target_namespace_missing: { severity: 'error', meaning: 'The namespace of a target does not exist, or is being deleted', hint: 'Create the namespace first, or take it out of `targets`.' },
  target_restricted: { severity: 'error', meaning: 'The namespace of a target enforces Pod Security restricted', hint: 'Pod Security "restricted" admits no capture: relabel the namespace, or take it out of `targets`.' },
  target_baseline: { severity: 'note', meaning: 'The namespace of a target enforces Pod Security baseline', hint: 'Captures work where the container runtime grants NET_RAW by default, as containerd does; CRI-O does not.' },
  target_excluded: { severity: 'error', meaning: 'The namespace of a target is never injected', hint: 'Pods of this namespace are never injected; take it out of `targets`.' },
  target_missing: { severity: 'error', meaning: 'A workload of a target does not exist', hint: 'The hook would fail: create the workload first, or take it out of `targets`.' },
  target_opted_out: { severity: 'warning', meaning: 'A workload of a target is annotated against injection', hint: 'Its pod template says "false", which always wins: take that annotation out to capture there.' },
  target_managed: { severity: 'warning', meaning: 'Argo CD, Flux or another Helm release manages a workload of a target', hint: 'Set the annotation in its source as well, or it may be reverted.' },
  secret_missing: { severity: 'error', meaning: 'The Secret of certs.existingSecret does not exist', hint: 'Create the Secret (type kubernetes.io/tls) first, or choose another certs.mode.' },
  secret_incomplete: { severity: 'error', meaning: 'It lacks a key', hint: 'Put tls.crt and tls.key into it.' },
  certificate_unfit: { severity: 'error', meaning: 'A certificate that you bring cannot serve', hint: 'The API server would not accept it. `packet-capture certs inspect` says more.' },
  certificate_expires: { severity: 'warning', meaning: 'It expires in less than 30 days', hint: 'Renew it soon: expired, it ends injection without a sound.' },
  hooks_disabled: { severity: 'note', meaning: 'The hooks are switched off, so targets are not opted in', hint: 'Nothing is opted in for you; the lines to run are at the end.' },
  rehearsal_failed: { severity: 'error', meaning: 'The API server refuses an object in a dry run', hint: 'The cluster would refuse it; the words are helm\'s own.' },
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

/** The table of docs/install.md. */
export function findingsMarkdown(): string {
  const rows = Object.entries(findingKinds).map(([code, { severity, meaning, hint }]) => `| \`${code}\` | ${severity} | ${meaning}. ${hint} |`);
  return ['| code | severity | meaning, and what to do |', '| --- | --- | --- |', ...rows].join('\n');
}
