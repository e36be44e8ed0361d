import { kube } from '../clusterFixture.ts';
import { chart, helm, labelFlags, quickEnd } from '../helmFixture.ts';
import { injectionLabels, listOf, sharedNamespaces } from './objects.ts';
import { observerObjects, type Admission, type Selection } from './observers.ts';
import { dryRunOf } from './run.ts';
import { until } from './until.ts';

/** The ways that a release of the chart serves, and the namespace of each release. */
export const releaseNamespaces = { webhook: 'truth-injector', policy: 'truth-rules' } as const;
export type ReleaseWay = keyof typeof releaseNamespaces;

export const observerNames: Readonly<Record<ReleaseWay, string>> = {
  webhook: 'truth-webhook-observer',
  policy: 'truth-policy-observer',
};

/** Installs the chart for one way, and waits until it injects and its observer warns. */
export async function install(way: ReleaseWay): Promise<Admission> {
  const label = (injectionLabels[way] ?? '').replace('/injection', '');
  const values = ['--set', `injection.optOut=true,injection.way=${way}`, ...labelFlags(label), ...quickEnd];
  await helm(4, [
    'install',
    'packet-capture',
    chart,
    '-n',
    releaseNamespaces[way],
    '--create-namespace',
    '--wait',
    '--timeout',
    '2m',
    ...values,
  ]);
  const admission = await (way === 'webhook' ? webhookAdmission() : policyAdmission());
  await kube(['apply', '--server-side', '-f', '-'], listOf(observerObjects(admission)));
  await until(`${way} injects`, async () => (await dryRunOf(way, 'plain')).includes('"name": "packet-capture"'));
  await until(`${admission.name} warns`, async () => (await dryRunOf(way, 'host-network')).includes(admission.name));
  return admission;
}

/** The shared namespaces take part in both releases, as far as their labels go; or, with `-`, no longer. */
export async function labelShared(value: '=enabled' | '-'): Promise<void> {
  await kube([
    'label',
    'namespace',
    ...sharedNamespaces,
    ...Object.values(injectionLabels).map((key) => `${key}${value}`),
  ]);
}

interface Conditions {
  readonly matchConditions: Admission['matchConditions'];
}

async function webhookAdmission(): Promise<Admission> {
  const name = `packet-capture.${releaseNamespaces.webhook}`;
  const { webhooks } = JSON.parse(await kube(['get', 'mutatingwebhookconfiguration', name, '-o', 'json'])) as {
    readonly webhooks: readonly (Conditions & Selection & { readonly name: string })[];
  };
  const injecting = webhooks.filter((webhook) => !webhook.name.startsWith('probe.'));
  const selectors = injecting.map(({ namespaceSelector }) => ({ namespaceSelector }));
  return { name: observerNames.webhook, matchConditions: injecting[0]?.matchConditions ?? [], selectors };
}

async function policyAdmission(): Promise<Admission> {
  const name = `packet-capture.${releaseNamespaces.policy}`;
  const { spec } = JSON.parse(await kube(['get', 'mutatingadmissionpolicy', name, '-o', 'json'])) as {
    readonly spec: Conditions;
  };
  const bindings = JSON.parse(
    await kube(['get', 'mutatingadmissionpolicybinding', name, `${name}.baseline`, '-o', 'json']),
  ) as {
    readonly items: readonly { readonly spec: { readonly paramRef: object; readonly matchResources: Selection } }[];
  };
  const selectors = bindings.items.map((binding) => ({
    paramRef: binding.spec.paramRef,
    namespaceSelector: binding.spec.matchResources.namespaceSelector,
  }));
  return { name: observerNames.policy, matchConditions: spec.matchConditions, selectors };
}
