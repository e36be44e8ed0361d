import {
  findingsOf,
  findingsTable,
  sharedKinds,
  type Finding as FindingWith,
  type FindingKind,
} from '../../findings.ts';

/**
 * Everything that the preflight can find, by code. An error stops the command before anything is changed.
 * docs/install.md has the same table; a test compares them.
 */
export const findingKinds = {
  kubernetes_too_old_for_chart: {
    level: 'error',
    meaning: 'The API server is older than the chart allows',
    hint: 'The chart needs Kubernetes 1.30 or later.',
  },
  rights_missing: {
    level: 'error',
    meaning: 'You may not do what the chart or helm needs',
    hint: 'Ask a cluster administrator for these rights, or to run the command.',
  },
  rights_unknown: sharedKinds.rights_unknown,
  release_pending: {
    level: 'error',
    meaning: 'Helm has recorded that the release is being changed',
    hint: 'Another helm is at work, or was killed. Wait; then go back with `helm rollback`, or remove a first install with `helm uninstall`.',
  },
  release_failed: {
    level: 'note',
    meaning: 'The last revision is a failed one',
    hint: 'The last attempt did not succeed; this one starts from the revision that works.',
  },
  release_foreign: {
    level: 'error',
    meaning: 'The name belongs to a release of another chart',
    hint: 'Choose another name with --release or another --namespace.',
  },
  namespace_terminating: {
    level: 'error',
    meaning: "The release's namespace is being deleted",
    hint: 'Wait until it is gone, or choose another namespace.',
  },
  namespace_missing: {
    level: 'error',
    meaning: 'The namespace that the values name for the objects does not exist',
    hint: 'Create it first; helm makes that of the release alone.',
  },
  values_rejected: {
    level: 'error',
    meaning: 'The chart does not take the values',
    hint: "Correct the values; the words are helm's own.",
  },
  registry_not_named: {
    level: 'error',
    meaning: "No registry is named for an image, and the default is nobody's",
    hint: 'Set global.imageRegistry, or the registry of this image, to where your images are; pin them with their digests.',
  },
  kind_unknown: {
    level: 'error',
    meaning: 'The chart would make a kind that the cluster does not have',
    hint: 'Install what brings this kind (cert-manager, the Prometheus operator), or switch it off in the values.',
  },
  policy_unsupported: {
    level: 'error',
    meaning: 'injection.way is policy, and the cluster has no admission policies that inject',
    hint: 'MutatingAdmissionPolicy v1 came with Kubernetes 1.36. Leave injection.way at webhook.',
  },
  injection_way_changes: {
    level: 'note',
    meaning: 'The running release injects by the other way',
    hint: 'Pods that start while it changes may come without the sidecar. Two releases that overlap miss none: see docs/chart.md.',
  },
  target_namespace_missing: {
    level: 'error',
    meaning: 'The namespace of a target does not exist, or is being deleted',
    hint: 'Create the namespace first, or take it out of `targets`.',
  },
  target_restricted: {
    level: 'error',
    meaning: 'The namespace of a target enforces Pod Security restricted',
    hint: 'Pod Security "restricted" admits no capture: relabel the namespace, or take it out of `targets`.',
  },
  target_baseline: {
    level: 'note',
    meaning: 'The namespace of a target enforces Pod Security baseline',
    hint: 'Captures work where the container runtime grants NET_RAW by default, as containerd does; CRI-O does not.',
  },
  target_excluded: {
    level: 'error',
    meaning: 'The namespace of a target is never injected',
    hint: 'Pods of this namespace are never injected; take it out of `targets`.',
  },
  target_missing: {
    level: 'error',
    meaning: 'A workload of a target does not exist',
    hint: 'The hook would fail: create the workload first, or take it out of `targets`.',
  },
  target_opted_out: {
    level: 'warning',
    meaning: 'A workload of a target is annotated against injection',
    hint: 'Its pod template says "false", which always wins: take that annotation out to capture there.',
  },
  target_managed: {
    level: 'warning',
    meaning: 'Argo CD, Flux or another Helm release manages a workload of a target',
    hint: 'Set the annotation in its source as well, or it may be reverted.',
  },
  target_pods_refused: {
    level: 'error',
    meaning: 'The API server refuses the pods of a target with the sidecar (dry run), and not without',
    hint: 'Do what is said there, or take the workload out of `targets`. --force opts it in all the same.',
  },
  target_pods_refused_anyway: {
    level: 'error',
    meaning:
      'No pod of a target can be made now, with the sidecar or without, and the opt-in would replace those that run',
    hint: 'Mend that first, or take the workload out of `targets`. --force opts it in all the same.',
  },
  target_pods_noted: {
    level: 'note',
    meaning: 'The API server has something to say about the pods of a target',
    hint: '',
  },
  target_pods_unknown: {
    level: 'warning',
    meaning: 'Whether the pods of a target can be made with the sidecar is not known',
    hint: 'Ask for the right that is named, and run the command with --dry-run first.',
  },
  target_skipped: {
    level: 'warning',
    meaning: 'A workload of a target is not injected',
    hint: 'Its pods are replaced for nothing: take it out of `targets`.',
  },
  target_image_unusable: {
    level: 'error',
    meaning: "The agent's image cannot be started in the namespace of a target",
    hint: 'Check the name, the tag, the architecture, and the pull secret in that namespace. --force goes on all the same.',
  },
  target_image_unknown: {
    level: 'warning',
    meaning: "Whether the agent's image can be started in the namespace of a target is not known",
    hint: 'Pods that cannot pull it do not start.',
  },
  secret_missing: {
    level: 'error',
    meaning: 'The Secret of certs.existingSecret does not exist',
    hint: 'Create the Secret (type kubernetes.io/tls) first, or choose another certs.mode.',
  },
  secret_incomplete: { level: 'error', meaning: 'It lacks a key', hint: 'Put tls.crt and tls.key into it.' },
  custom_certificate_unusable: {
    level: 'error',
    meaning: 'A certificate that you bring cannot serve',
    hint: 'The API server would not accept it. `packet-capture certs inspect` says more.',
  },
  custom_certificate_expires: {
    level: 'warning',
    meaning: 'It expires in less than 30 days',
    hint: 'Renew it soon: expired, it ends injection without a sound.',
  },
  hooks_disabled: {
    level: 'note',
    meaning: 'The hooks are switched off, so targets are not opted in',
    hint: 'Nothing is opted in for you; the lines to run are at the end.',
  },
  dry_run_failed: {
    level: 'error',
    meaning: 'The API server refuses an object in a dry run',
    hint: "The cluster would refuse it; the words are helm's own.",
  },
} as const satisfies Record<string, FindingKind>;

export type FindingCode = keyof typeof findingKinds;

export type Finding = FindingWith<FindingCode>;

export const finding = findingsOf(findingKinds);

/** The table of docs/install.md. */
export function findingsMarkdown(): string {
  return findingsTable(findingKinds);
}
