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

/** What to do about a pod without the sidecar: one command line, or one sentence where no command helps. Pure. */
export function adviceFor(reason: Reason, subject: Subject, release: Release | undefined, roll: Roll): string {
  const advice = advices[reason];
  return typeof advice === 'string' ? advice : advice({ subject, release, roll });
}

const optIn = ({ subject, release }: Case): string =>
  annotateTemplate(subject, { [release?.annotation ?? injectAnnotation]: 'true' });

/** Takes the refusal away, and asks where the release wants to be asked. */
const optInAgain = ({ subject, release }: Case): string => {
  const key = release?.annotation ?? injectAnnotation;
  return annotateTemplate(subject, {
    ...(key === injectAnnotation ? {} : { [injectAnnotation]: null }),
    [key]: release?.optOut === true ? null : 'true',
  });
};

/** A label changes no pod: those that run are to be made anew. */
const labelNamespace = ({ subject, release, roll }: Case): string => {
  const line = shell`kubectl label namespace ${subject.namespace} ${release?.namespaceLabel ?? namespaceLabel}=enabled --overwrite`;
  return roll.restart === undefined ? line : `${line} && ${roll.line}`;
};

const rollOut = ({ roll }: Case): string => roll.line;

/** What is left of a sidecar goes from the pod template; a controller then makes the pods anew. */
const unpatch = ({ subject }: Case): string => {
  const owner = topOwner(subject.owners);
  const isPatchable =
    owner !== undefined && owner.kind !== 'Job' && templatePath(owner.apiVersion, owner.kind) !== undefined;
  if (isPatchable) return shell`packet-capture unpatch ${ownerName(owner)} --namespace ${subject.namespace}`;
  const where = owner === undefined ? `pod ${subject.pod.metadata.name}` : ownerName(owner);
  return `Take it out of the manifest of ${where} (packet-capture uninject -f FILE), and create it again.`;
};

const advices: Readonly<Record<Reason, string | ((found: Case) => string)>> = {
  no_release: 'packet-capture install',
  release_unknown: 'Ask for the right to list mutatingwebhookconfigurations, or somebody who has it.',
  namespace_excluded: 'Run it in another namespace: system namespaces and that of the release are left alone.',
  namespace_not_opted_in: labelNamespace,
  namespace_label_value: labelNamespace,
  pod_security_restricted:
    'Run it in a namespace that enforces Pod Security baseline or privileged: "restricted" admits no capture.',
  pod_security_baseline:
    'Take out of the sidecar what "baseline" does not admit, or run the pod in a privileged namespace.',
  namespace_not_selected: ({ release }) =>
    `Give the namespace what ${release?.object ?? 'the release'} selects, or change injection.namespaceSelector.`,
  labels_not_selected: 'Give the pod template the labels, or change injection.objectSelector of the release.',
  not_opted_in: optIn,
  annotation_value: optIn,
  annotation_on_workload: optIn,
  annotation_as_label: optIn,
  opted_out: optInAgain,
  older_template: rollOut,
  created_before_release: rollOut,
  missed_at_creation: rollOut,
  host_network: 'Capture on the node instead: a sidecar there would see the packets of all its pods.',
  windows: 'There is nothing to do: such a pod cannot carry the sidecar.',
  fargate: 'Run it on nodes of EC2 where it is to be captured: the sidecar would keep such a pod pending.',
  virtual_node:
    'Let it run on nodes of the cluster alone where it is to be captured: without the toleration, and the label, of virtual nodes.',
  sandbox: 'Run it in another runtime class where it is to be captured, or with `runsc --pcap-log` on its node.',
  mirror_pod: 'There is nothing to do: such a pod cannot carry the sidecar.',
  name_collision:
    'Give its own container or volume another name: packet-capture, packet-capture-mirror, -files, -settings, -no-token and -upload are taken.',
  foreign_status: unpatch,
  status_missing: unpatch,
  match_condition: 'Look at webhook.matchConditions among the values of the release.',
  restart_policy_lost: 'Look for another webhook or an old client that writes pods, then make the pod anew.',
  sidecar_waiting: waitingAdvice,
  not_working: 'packet-capture check',
  pods_refused_by_sidecar: 'Give the sidecar what is admitted, or opt out.',
  pods_refused: 'Mend what refuses them; the sidecar has nothing to do with it.',
  left_alone: 'The log of the injectors names the reason; so may a warning of the API server above.',
  not_injectable: 'See what is named above.',
};

/** Writes annotations where pods get them from; null takes one away. */
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
    return `Write into the annotations of ${where}: ${lines.join(', ')}; and create it anew.`;
  }
  const patch = path.toReversed().reduce<unknown>((inner, key) => ({ [key]: inner }), { metadata: { annotations } });
  return shell`kubectl patch ${ownerName(owner)} --namespace ${namespace} --type merge --patch ${JSON.stringify(patch)}`;
}
