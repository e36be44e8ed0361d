import { templatePath } from '../../kubernetes/api/kinds.ts';
import { injectAnnotation, namespaceLabel } from '../../settings/index.ts';
import { shell } from '../../shell.ts';
import { ownerName, topOwner, type Roll } from '../read/podOwners.ts';
import type { Release } from '../read/releases.ts';
import type { Subject } from './conditions.ts';
import { waitingAdvice } from './waiting.ts';
import type { Reason } from './whyReasons.ts';

interface Case {
  readonly subject: Subject;
  readonly release: Release | undefined;
  readonly roll: Roll;
}

/** What to do about a pod without the sidecar: one command line, or one sentence if no command helps. Pure. */
export function adviceFor(reason: Reason, subject: Subject, release: Release | undefined, roll: Roll): string {
  const advice = advices[reason];
  return typeof advice === 'string' ? advice : advice({ subject, release, roll });
}

const optIn = ({ subject, release }: Case): string =>
  annotateTemplate(subject, { [release?.annotation ?? injectAnnotation]: 'true' });

/** Removes the "false", and adds the annotation that the release asks for. */
const optInAgain = ({ subject, release }: Case): string => {
  const key = release?.annotation ?? injectAnnotation;
  return annotateTemplate(subject, {
    ...(key === injectAnnotation ? {} : { [injectAnnotation]: null }),
    [key]: release?.optOut === true ? null : 'true',
  });
};

/** A label changes no pod, so the running pods must be created again. */
const labelNamespace = ({ subject, release, roll }: Case): string => {
  const line = shell`kubectl label namespace ${subject.namespace} ${release?.namespaceLabel ?? namespaceLabel}=enabled --overwrite`;
  return roll.restart === undefined ? line : `${line} && ${roll.line}`;
};

const rollOut = ({ roll }: Case): string => roll.line;

/** Removes the rest of a sidecar from the pod template; the controller then replaces the pods. */
const unpatch = ({ subject }: Case): string => {
  const owner = topOwner(subject.owners);
  const isPatchable =
    owner !== undefined && owner.kind !== 'Job' && templatePath(owner.apiVersion, owner.kind) !== undefined;
  if (isPatchable) return shell`packet-capture unpatch ${ownerName(owner)} --namespace ${subject.namespace}`;
  const where = owner === undefined ? `pod ${subject.pod.metadata.name}` : ownerName(owner);
  return `Remove it from the manifest of ${where} (packet-capture uninject -f FILE), and create it again.`;
};

const advices: Readonly<Record<Reason, string | ((found: Case) => string)>> = {
  no_release: 'packet-capture install',
  release_unknown: 'Ask for the right to list mutatingwebhookconfigurations, or ask somebody who has it.',
  namespace_excluded:
    'Run it in another namespace, or remove this one from the chart value injection.excludedNamespaces. System namespaces and that of the release are never injected.',
  namespace_not_opted_in: labelNamespace,
  namespace_label_value: labelNamespace,
  pod_security_restricted:
    'Run it in a namespace that enforces Pod Security baseline or privileged: "restricted" forbids captures.',
  pod_security_baseline:
    'Remove from the sidecar what "baseline" does not admit, or run the pod in a privileged namespace.',
  namespace_not_selected: ({ release }) =>
    `Give the namespace the labels that ${release?.object ?? 'the release'} selects, or change injection.namespaceSelector.`,
  labels_not_selected: 'Add the labels to the pod template, or change injection.objectSelector of the release.',
  not_opted_in: optIn,
  annotation_value: optIn,
  annotation_on_workload: optIn,
  annotation_as_label: optIn,
  opted_out: optInAgain,
  older_template: rollOut,
  created_before_release: rollOut,
  missed_at_creation: rollOut,
  host_network: 'Capture on the node instead: the sidecar would see the packets of all pods of the node.',
  windows: 'There is nothing to do: such a pod cannot have the sidecar.',
  fargate: 'To capture it, run it on EC2 nodes: with the sidecar such a pod would stay pending.',
  virtual_node:
    'To capture it, remove the toleration and the label of virtual nodes, so that it runs on ordinary nodes.',
  sandbox: 'To capture it, use another runtime class, or `runsc --pcap-log` on its node.',
  mirror_pod: 'There is nothing to do: such a pod cannot have the sidecar.',
  name_collision:
    'Rename its own container or volume: packet-capture, packet-capture-mirror, -files, -settings, -no-token and -upload are reserved.',
  foreign_status: unpatch,
  status_missing: unpatch,
  match_condition: 'Look at webhook.matchConditions in the values of the release.',
  restart_policy_lost: 'Look for another webhook or an old client that writes pods, then create the pod again.',
  sidecar_waiting: waitingAdvice,
  not_working: 'packet-capture check',
  pods_refused_by_sidecar: 'Change the sidecar so that it is admitted, or opt out.',
  pods_refused: 'Correct what refuses them; the sidecar is not the cause.',
  left_alone: 'The log of the injectors has the reason; a warning of the API server above may have it too.',
  not_injectable: 'See what is named above.',
};

/** Writes annotations into the pod template, or names the manifest to write them into; null removes one. */
export function annotateTemplate(
  { pod, namespace, owners }: Subject,
  annotations: Readonly<Record<string, string | null>>,
): string {
  const owner = topOwner(owners);
  const path = owner === undefined ? undefined : templatePath(owner.apiVersion, owner.kind);
  if (owner === undefined || path === undefined || owner.kind === 'Job') {
    const where =
      owner === undefined ? `the manifest of pod ${pod.metadata.name}` : `the pod template of ${ownerName(owner)}`;
    const lines = Object.entries(annotations).map(([key, value]) =>
      value === null ? `no ${key}` : `${key}: "${value}"`,
    );
    return `Write into the annotations of ${where}: ${lines.join(', ')}; then create it again.`;
  }
  const patch = path.toReversed().reduce<unknown>((inner, key) => ({ [key]: inner }), { metadata: { annotations } });
  return shell`kubectl patch ${ownerName(owner)} --namespace ${namespace} --type merge --patch ${JSON.stringify(patch)}`;
}
