import { renewBeforeDays } from '../../certificates/lifetimes.ts';
import { findingsOf, sharedKinds, type Finding as FindingWith, type FindingKind } from '../../findings.ts';
import { sinceKubernetes } from '../../minimums.ts';

/**
 * Everything that the preflight can find, by code. An error stops the command before anything is changed.
 * docs/install.md has the same table; a test compares them.
 */
export const findingKinds = {
  kubernetes_too_old_for_chart: {
    level: 'error',
    meaning: 'The API server is older than the chart allows',
    hint: `The chart needs Kubernetes ${sinceKubernetes('matchConditions')} or later.`,
  },
  rights_missing: {
    level: 'error',
    meaning: 'You lack rights that the chart or helm needs',
    hint: 'Ask a cluster administrator for these rights, or to run the command.',
  },
  rights_unknown: sharedKinds.rights_unknown,
  release_pending: {
    level: 'error',
    meaning: 'Helm has recorded that the release is being changed',
    hint: 'Another helm is running, or was killed. Wait; then run `helm rollback`, or after a first install `helm uninstall`.',
  },
  release_failed: {
    level: 'note',
    meaning: 'The last revision failed',
    hint: 'This command starts from the last revision that works.',
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
    hint: 'Create it first; helm creates only the namespace of the release.',
  },
  values_rejected: {
    level: 'error',
    meaning: 'The chart refuses the values',
    hint: 'Correct the values; the message is from helm.',
  },
  registry_not_named: {
    level: 'error',
    meaning: 'No registry is named for an image, and the default does not exist',
    hint: 'Set global.imageRegistry, or the registry of this image, to your registry; pin images by digest.',
  },
  kind_unknown: {
    level: 'error',
    meaning: 'The chart has an object of a kind that the cluster does not have',
    hint: 'Install the operator of this kind (cert-manager, the Prometheus operator), or switch it off in the values.',
  },
  policy_unsupported: {
    level: 'error',
    meaning: 'injection.way is policy, but the cluster has no mutating admission policies',
    hint: `MutatingAdmissionPolicy v1 needs Kubernetes ${sinceKubernetes('mutatingAdmissionPolicy')}. Leave injection.way at webhook.`,
  },
  injection_way_changes: {
    level: 'note',
    meaning: 'The running release uses the other way',
    hint: 'Pods that start during the change may miss the sidecar. Two overlapping releases miss none: see docs/chart.md.',
  },
  target_namespace_missing: {
    level: 'error',
    meaning: 'The namespace of a target does not exist, or is being deleted',
    hint: 'Create the namespace first, or remove it from `targets`.',
  },
  target_restricted: {
    level: 'error',
    meaning: 'The namespace of a target enforces Pod Security restricted',
    hint: 'Pod Security "restricted" forbids captures: relabel the namespace, or remove it from `targets`.',
  },
  target_baseline: {
    level: 'note',
    meaning: 'The namespace of a target enforces Pod Security baseline',
    hint: 'Captures work where the container runtime grants NET_RAW by default, as containerd does; CRI-O does not.',
  },
  target_excluded: {
    level: 'error',
    meaning: 'The namespace of a target is never injected',
    hint: 'Remove it from `targets`.',
  },
  target_missing: {
    level: 'error',
    meaning: 'A workload of a target does not exist',
    hint: 'The hook would fail: create the workload first, or remove it from `targets`.',
  },
  target_opted_out: {
    level: 'warning',
    meaning: 'An annotation of a workload of a target forbids injection',
    hint: '"false" in its pod template always wins: remove that annotation to capture its pods.',
  },
  target_managed: {
    level: 'warning',
    meaning: 'Argo CD, Flux or another Helm release manages a workload of a target',
    hint: 'Set the annotation in its source too, otherwise it may be reverted.',
  },
  target_pods_refused: {
    level: 'error',
    meaning: 'The API server refuses the pods of a target with the sidecar, but not without it (dry run)',
    hint: 'Correct the cause, or remove the workload from `targets`. --force opts it in anyway.',
  },
  target_pods_refused_anyway: {
    level: 'error',
    meaning:
      'No pod of a target can be created now, with or without the sidecar, and the opt-in would delete running pods',
    hint: 'Correct the cause first, or remove the workload from `targets`. --force opts it in anyway.',
  },
  target_pods_noted: {
    level: 'note',
    meaning: 'The dry run of the pods of a target has a note',
    hint: '',
  },
  target_pods_unknown: {
    level: 'warning',
    meaning: 'It is not known whether the pods of a target can be created with the sidecar',
    hint: 'Ask for the named right, and run the command with --dry-run first.',
  },
  target_skipped: {
    level: 'warning',
    meaning: 'A workload of a target is not injected',
    hint: 'Its pods would be replaced without effect: remove it from `targets`.',
  },
  target_image_unusable: {
    level: 'error',
    meaning: "The agent's image does not start in the namespace of a target",
    hint: 'Check the name, the tag, the architecture, and the pull secret in that namespace. --force continues anyway.',
  },
  target_image_unknown: {
    level: 'warning',
    meaning: "It is not known whether the agent's image starts in the namespace of a target",
    hint: 'Pods that cannot pull it do not start.',
  },
  secret_missing: {
    level: 'error',
    meaning: 'The Secret of certs.existingSecret does not exist',
    hint: 'Create the Secret (type kubernetes.io/tls) first, or choose another certs.mode.',
  },
  secret_incomplete: { level: 'error', meaning: 'That Secret lacks a key', hint: 'Put tls.crt and tls.key into it.' },
  custom_certificate_unusable: {
    level: 'error',
    meaning: 'A certificate in your values or your Secret cannot be used',
    hint: 'The API server would not accept it. `packet-capture certs inspect` shows details.',
  },
  custom_certificate_expires: {
    level: 'warning',
    meaning: `Such a certificate expires in less than ${renewBeforeDays} days`,
    hint: 'Renew it soon: when it has expired, injection stops without an error.',
  },
  hooks_disabled: {
    level: 'note',
    meaning: 'The hooks are switched off, so targets are not opted in',
    hint: 'The command prints the lines that opt them in.',
  },
  dry_run_failed: {
    level: 'error',
    meaning: 'The API server refuses an object in a dry run',
    hint: 'The cluster would refuse it; the message is from helm.',
  },
} as const satisfies Record<string, FindingKind>;

/** A code of the table. Programs rely on the codes, so they never change. */
export type FindingCode = keyof typeof findingKinds;

/** A finding of `install` or `upgrade`, with the level and the hint of its code. */
export type Finding = FindingWith<FindingCode>;

/** Makes a finding; `where` is the object that it is about, and `what` one clause. */
export const finding = findingsOf(findingKinds);
