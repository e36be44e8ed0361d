import { shell } from '../../shell.ts';
import type { Intent } from '../helm/releaseValues.ts';
import {
  imagesOf,
  policiesOf,
  webhooksOf,
  type Images,
  type PolicyFacts,
  type WebhookFacts,
} from '../helm/renderedChart.ts';
import type { ManifestObject } from '../helm/renderedObjects.ts';
import type { CertificatePlan } from '../plan/certificates.ts';
import type { ObjectChange } from '../plan/objectChanges.ts';
import type { Finding } from '../plan/preflightFindings.ts';
import { servedCertificate, type ServedCertificate } from '../plan/servedCertificates.ts';
import { kubectlLines, type TargetState, type WorkloadState } from './targetsState.ts';

/** The result of an install or upgrade; plain data, for people and for `-o json`. */
export interface InstallResult {
  readonly result: 'installed' | 'upgraded' | 'dry-run';
  readonly release: string;
  readonly namespace: string;
  /** The revision; in a dry run the one that would be made. */
  readonly revision: number;
  readonly chart: string;
  readonly versions: { readonly helm: string; readonly kubectl: string; readonly kubernetes: string };
  readonly images: Images;
  readonly certificates: ServedCertificate;
  readonly webhooks: readonly WebhookFacts[];
  readonly policies: readonly PolicyFacts[];
  /** Whether the API server injects a pod in a dry run; null when it was not asked. */
  readonly injectionProven: boolean | null;
  readonly targets: readonly TargetState[];
  readonly findings: readonly Finding[];
  /** The changes of the release's objects; only in a dry run. */
  readonly changes?: readonly ObjectChange[];
  /** Command lines to run next. */
  readonly next: readonly string[];
}

/** The objects as helm rendered them, and what was decided about the certificates. */
export interface SummaryInput {
  readonly objects: readonly ManifestObject[];
  readonly intent: Intent;
  readonly plan: CertificatePlan;
  readonly now: Date;
}

/** The parts of the result that come from the rendered objects. */
export function summarise({
  objects,
  intent,
  plan,
  now,
}: SummaryInput): Pick<InstallResult, 'images' | 'certificates' | 'webhooks' | 'policies' | 'next'> {
  return {
    images: imagesOf(objects),
    certificates: servedCertificate(intent.certsMode, plan, objects, now),
    webhooks: webhooksOf(objects),
    policies: policiesOf(objects),
    next: nextLines(intent),
  };
}

function nextLines(intent: Intent): string[] {
  if (!intent.hooks && intent.targets.length > 0) return kubectlLines(intent);
  if (intent.targets.length > 0) return [];
  const patch = JSON.stringify({ spec: { template: { metadata: { annotations: { [intent.annotation]: 'true' } } } } });
  return [
    shell`kubectl label namespace NAMESPACE ${intent.namespaceLabel}=enabled`,
    shell`kubectl patch deployment NAME --namespace NAMESPACE --patch ${patch}`,
  ];
}

/** The result for people, on standard output. */
export function formatResult(result: InstallResult): string[] {
  const {
    release,
    namespace,
    revision,
    chart,
    images,
    certificates,
    webhooks,
    policies,
    injectionProven,
    targets,
    next,
  } = result;
  const row = (name: string, value: string): string => `${name.padEnd(13)}${value}`;
  const [webhook] = webhooks;
  const wouldOptIn = result.result === 'dry-run' && !result.findings.some(({ code }) => code === 'hooks_disabled');
  return [
    row('release', `${release}, revision ${revision}, ${chart}, ${result.result}`),
    row('namespace', namespace),
    ...(images.injector === undefined ? [] : [row('injector', images.injector)]),
    row('injects', images.sidecars.join(', ')),
    row(
      'certificates',
      [
        certificates.mode,
        certificates.text,
        certificates.notAfter === undefined ? '' : `until ${certificates.notAfter.slice(0, 10)}`,
      ]
        .filter((part) => part !== '')
        .join(', '),
    ),
    ...(webhook === undefined
      ? []
      : [row('webhooks', `${webhooks.length} in ${webhook.configuration}, failurePolicy ${webhook.failurePolicy}`)]),
    ...policies.map(({ name, bindings, failurePolicy }) =>
      row('policy', `${name}, ${bindings.length} bindings, failurePolicy ${failurePolicy}`),
    ),
    ...(injectionProven === null
      ? []
      : [
          row(
            'injection',
            injectionProven ? 'works: the API server injects a pod' : 'not tested: you may not create pods there',
          ),
        ]),
    ...targets.flatMap((target) =>
      formatTarget(target, wouldOptIn).map((text, index) => row(index === 0 ? 'target' : '', text)),
    ),
    ...next.map((line, index) => row(index === 0 ? 'next' : '', line)),
  ];
}

function formatTarget({ namespace, optedIn, workloads }: TargetState, wouldOptIn: boolean): string[] {
  return [
    `namespace ${namespace}: ${optedIn ? 'opted in' : wouldOptIn ? 'would be opted in' : 'not opted in'}`,
    ...workloads.map(
      (workload) => `  ${workload.kind.toLowerCase()}/${workload.name}: ${workloadText(workload, wouldOptIn)}`,
    ),
  ];
}

function workloadText({ optedIn, pods, injectedPods, rollout }: WorkloadState, wouldOptIn: boolean): string {
  if (!optedIn && wouldOptIn) return `would be opted in: its pods (${pods}) would be replaced by ones with the sidecar`;
  return `${optedIn ? 'opted in' : 'not opted in'}, ${injectedPods} of ${pods} pods have the sidecar; ${rollout}`;
}
