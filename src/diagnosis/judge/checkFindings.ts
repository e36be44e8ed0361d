import { renewBeforeDays } from '../../certificates/lifetimes.ts';
import { findingsOf, sharedKinds, type Finding as FindingWith, type FindingKind } from '../../findings.ts';
import { sinceKubernetes } from '../../minimums.ts';

/**
 * Everything that `check` can find, by code. Programs rely on the codes, so they never change.
 * docs/diagnosis.md has the same table; a test compares them.
 */
export const findingKinds = {
  kubernetes_version: { level: 'ok', meaning: 'The version of the API server', hint: '' },
  kubernetes_too_old: {
    level: 'error',
    meaning: 'The API server does not know native sidecars',
    hint: `Every way needs Kubernetes ${sinceKubernetes('nativeSidecars')} or later.`,
  },
  manifest_available: { level: 'ok', meaning: 'Manifests can be injected', hint: '' },
  patch_available: { level: 'ok', meaning: 'You may patch workloads', hint: '' },
  patch_rights: {
    level: 'warning',
    meaning: 'You may not patch workloads',
    hint: 'Ask for the right, or inject the manifests (`packet-capture inject`).',
  },
  webhook_available: { level: 'ok', meaning: 'You may install the webhook, or it runs', hint: '' },
  webhook_version: {
    level: 'warning',
    meaning: 'The API server is too old for the webhook',
    hint: `The chart needs Kubernetes ${sinceKubernetes('matchConditions')} or later.`,
  },
  webhook_rights: {
    level: 'warning',
    meaning: 'You may not install the webhook',
    hint: 'Ask a cluster administrator to run `packet-capture install`.',
  },
  policy_available: { level: 'ok', meaning: 'You may install the admission policy, or it is installed', hint: '' },
  policy_missing: {
    level: 'warning',
    meaning: 'The API server has no admission policies that change pods',
    hint: `They come with Kubernetes ${sinceKubernetes('mutatingAdmissionPolicy')}. The webhook does the same.`,
  },
  policy_rights: {
    level: 'warning',
    meaning: 'You may not install the admission policy',
    hint: 'Ask a cluster administrator to install the chart with injection.way=policy.',
  },
  rights_unknown: sharedKinds.rights_unknown,
  release_found: { level: 'ok', meaning: 'A release is registered with the API server', hint: '' },
  release_none: { level: 'ok', meaning: 'There is no release, and nobody asks for one', hint: '' },
  release_missing: {
    level: 'error',
    meaning: 'Namespaces or pods ask for the sidecar, but there is no release',
    hint: 'Run `packet-capture install`, or inject these workloads with `packet-capture patch`.',
  },
  releases_unreadable: {
    level: 'warning',
    meaning: 'You may not read what is registered with the API server',
    hint: 'Ask for the right to list mutatingwebhookconfigurations and mutatingadmissionpolicies.',
  },
  releases_overlap: {
    level: 'warning',
    meaning: 'Two releases select the pods of one namespace',
    hint: 'The first that is called injects. Give each release its own label (injection.namespaceLabel).',
  },
  release_version: {
    level: 'warning',
    meaning: 'The release and this program have different versions',
    hint: 'Run `packet-capture upgrade` with the newer version.',
  },
  failure_policy: {
    level: 'warning',
    meaning: 'failurePolicy is Fail and there is one injector',
    hint: 'No pod of its namespaces starts while it is down: set replicas to 2, or webhook.failurePolicy to Ignore.',
  },
  service_missing: {
    level: 'error',
    meaning: 'The Service that the API server calls does not exist',
    hint: 'Run `packet-capture upgrade`, or remove the configuration if the release is gone.',
  },
  injector_ready: { level: 'ok', meaning: 'All injectors are ready', hint: '' },
  injector_partly: {
    level: 'warning',
    meaning: 'Some injectors are not ready',
    hint: 'Look at its pods: kubectl describe pods.',
  },
  injector_down: {
    level: 'error',
    meaning: 'No injector is ready, so nothing is injected',
    hint: 'Scale it up, or look at its pods: kubectl describe pods.',
  },
  injector_unknown: {
    level: 'warning',
    meaning: 'You may not read the injector',
    hint: 'Ask for the right to get the deployment.',
  },
  config_invalid: {
    level: 'error',
    meaning: 'sidecarconfig.yaml of the release is not valid, so injectors do not start with it',
    hint: 'Correct the values and run `packet-capture upgrade`.',
  },
  parameters_missing: {
    level: 'error',
    meaning: 'A ConfigMap with the parameters of a policy is missing, so the policy injects nothing',
    hint: 'Run `packet-capture upgrade`, or apply the objects of `packet-capture policy` again.',
  },
  certificate_good: { level: 'ok', meaning: 'The certificate is valid, and its CA is in the caBundle', hint: '' },
  certificate_expires: {
    level: 'warning',
    meaning: `It expires in less than ${renewBeforeDays} days`,
    hint: 'Run `packet-capture upgrade --rotate-certs`: when it has expired, injection stops without an error.',
  },
  certificate_unusable: {
    level: 'error',
    meaning: 'The injector cannot use the certificate',
    hint: 'Run `packet-capture upgrade`: it replaces bad certificates.',
  },
  ca_mismatch: {
    level: 'error',
    meaning: 'No CA of the caBundle signed the certificate, so the API server calls no injector',
    hint: 'Run `packet-capture upgrade`; with your own certificates, set certs.caBundle to their CA.',
  },
  certificate_unknown: {
    level: 'warning',
    meaning: 'The certificate cannot be read',
    hint: 'Ask for the right to get its Secret; only tls.crt is read.',
  },
  certificate_missing: {
    level: 'error',
    meaning: 'The Secret does not exist, or has no certificate',
    hint: 'Run `packet-capture upgrade`.',
  },
  probe_injected: { level: 'ok', meaning: 'The API server injects a pod (dry run)', hint: '' },
  probe_failed: {
    level: 'error',
    meaning: 'The API server does not inject a pod that should be injected (dry run)',
    hint: 'The other findings of the release say why; if none does, look at the log of the injectors.',
  },
  probe_unknown: {
    level: 'warning',
    meaning: 'Injection could not be tested',
    hint: 'Ask for the right to create pods in the namespace of the release.',
  },
  namespace_restricted: {
    level: 'warning',
    meaning: 'An opted-in namespace enforces Pod Security "restricted", so nothing is injected there',
    hint: 'Remove the label of the opt-in, or enforce baseline.',
  },
  namespace_baseline: {
    level: 'ok',
    meaning:
      'An opted-in namespace enforces Pod Security "baseline": captures work where the container runtime grants NET_RAW by default, as containerd does',
    hint: '',
  },
  namespace_label_value: {
    level: 'error',
    meaning: 'The label of the opt-in has another value than "enabled"',
    hint: 'kubectl label --overwrite sets it.',
  },
  namespace_annotation: {
    level: 'error',
    meaning: 'The opt-in of a namespace is an annotation instead of a label',
    hint: 'Set it with kubectl label.',
  },
  annotation_on_workload: {
    level: 'error',
    meaning: 'A key is on the workload instead of its pod template',
    hint: 'Pods get the annotations in spec.template.metadata.annotations.',
  },
  annotation_as_label: {
    level: 'error',
    meaning: 'The opt-in of a pod is a label instead of an annotation',
    hint: 'Write it into spec.template.metadata.annotations.',
  },
  annotation_value: {
    level: 'error',
    meaning: 'The opt-in of a pod has another value than "true" or "false"',
    hint: 'Write "true", in quotes.',
  },
  pods_injected: { level: 'ok', meaning: 'How many pods have the sidecar', hint: '' },
  pods_attached: { level: 'ok', meaning: 'How many pods have an attached agent that runs', hint: '' },
  attached_failing: {
    level: 'warning',
    meaning: 'An attached agent cannot start, or has failed',
    hint: 'Attach again, with another --image if it is the image. The entry stays in the pod until the pod is replaced.',
  },
  pods_missed: {
    level: 'error',
    meaning: 'Pods ask for the sidecar and do not have it',
    hint: 'They are listed below, and as `missed` with -o json; --restart restarts the workloads whose new pods have it.',
  },
  pods_impossible: {
    level: 'warning',
    meaning: 'Pods ask for the sidecar and cannot have it',
    hint: 'They are listed below, and as `missed` with -o json; remove the annotation, or change what prevents injection.',
  },
  restart_policy_lost: {
    level: 'error',
    meaning: 'The sidecar is an init container that never ends: something removed restartPolicy: Always',
    hint: 'Look for other webhooks or old clients that write pods; then create the pods again.',
  },
  pods_refused_by_sidecar: {
    level: 'error',
    meaning: 'Pods that have the sidecar, or ask for it, cannot be created because of it',
    hint: 'Change the sidecar so that it is admitted, or opt out.',
  },
  pods_refused: {
    level: 'note',
    meaning: 'Pods that have the sidecar, or ask for it, cannot be created, with or without it',
    hint: 'Correct what refuses them; the sidecar is not the cause.',
  },
  target_not_opted_in: {
    level: 'warning',
    meaning:
      'A release opted a namespace or a workload in, and it is not opted in any more: it was deleted and created again, or the label or annotation was removed',
    hint: 'Run `packet-capture upgrade`: its hook opts it in again. Or remove it from `targets`.',
  },
  pull_works: { level: 'ok', meaning: "The agent's image starts in the namespace (--pull)", hint: '' },
  pull_fails: {
    level: 'error',
    meaning: "The agent's image does not start in a namespace where pods ask for it (--pull)",
    hint: 'New pods there will not start their app. Check the name, the tag, the architecture, and the pull secret in that namespace.',
  },
  pull_unknown: {
    level: 'warning',
    meaning: "It is not known whether the agent's image starts in a namespace (--pull)",
    hint: 'Ask for the right to create, get and delete pods there, or check one namespace with -n.',
  },
  pods_untried: {
    level: 'warning',
    meaning: 'Pods could not be created, and it is not known whether the sidecar is the cause',
    hint: '`packet-capture why TYPE/NAME` tests one workload.',
  },
  sidecar_waiting: {
    level: 'error',
    meaning: 'A container of the sidecar cannot start, and keeps the app from starting',
    hint: 'Check the registry, the pull secret (agent.imagePullSecrets) and the architecture.',
  },
  sidecar_drift: {
    level: 'warning',
    meaning: 'The sidecar of pods has another version or image than the release injects',
    hint: 'They get the new one when they are created again.',
  },
  pods_unreadable: {
    level: 'warning',
    meaning: 'You may not list the namespaces, pods or workloads',
    hint: 'Name a namespace with -n, or ask for the right to list them.',
  },
} as const satisfies Record<string, FindingKind>;

/** A code of the table. Programs rely on the codes, so they never change. */
export type FindingCode = keyof typeof findingKinds;

/** A finding of `check`, with the level and the hint of its code. */
export type Finding = FindingWith<FindingCode>;

/** Makes a finding; `where` is the object that it is about, and `what` one clause. */
export const finding = findingsOf(findingKinds);
