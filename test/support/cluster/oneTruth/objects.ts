import { podFixtures, runtimeClasses, type PodFixture } from '../../pods/index.ts';

/** How a pod comes by its sidecar; `none` is for comparison. */
export const ways = ['none', 'manifest', 'patch', 'webhook', 'policy'] as const;
export type WayName = (typeof ways)[number];

const levels = ['privileged', 'baseline', 'restricted'] as const;

/** Labels of whatever this test creates. */
export const wayLabel = 'truth/way';
export const fixtureLabel = 'truth/fixture';

/** Of the namespaces that the release of each way takes part in. */
export const injectionLabels: Partial<Record<WayName, string>> = {
  webhook: 'truth/injection',
  policy: 'truth-policy/injection',
};

/** kube-system and the like: there the fixtures of all ways are side by side. */
export const sharedNamespaces: readonly string[] = [
  ...new Set(podFixtures.flatMap(({ namespace }) => namespace ?? [])),
];

/** The test's own namespaces, with the service accounts and the runtime classes that its pods name. */
export function namespaceObjects(): object[] {
  const perWay = ways.flatMap((way) =>
    levels.flatMap((level) => {
      const name = ownNamespace(way, level);
      const injection = injectionLabels[way];
      const labels = {
        ...(level === 'privileged' ? {} : { 'pod-security.kubernetes.io/enforce': level }),
        ...(injection === undefined ? {} : { [injection]: 'enabled' }),
      };
      const account = { apiVersion: 'v1', kind: 'ServiceAccount' };
      return [
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } },
        // The pods need not wait for the controller that makes it.
        { ...account, metadata: { name: 'default', namespace: name } },
        {
          ...account,
          metadata: { name: 'puller', namespace: name },
          imagePullSecrets: [{ name: 'registry' }, { name: 'other' }],
        },
      ];
    }),
  );
  return [...perWay, ...runtimeClasses];
}

export const ownNamespaces: readonly string[] = ways.flatMap((way) => levels.map((level) => ownNamespace(way, level)));

function ownNamespace(way: WayName, level: PodFixture['level']): string {
  return level === 'privileged' ? `truth-${way}` : `truth-${way}-${level}`;
}

/** The name and namespace of a fixture's pod, or of its workload. */
export function placeOf(
  way: WayName,
  { name, namespace, level }: PodFixture,
): { readonly name: string; readonly namespace: string } {
  return namespace === undefined
    ? { name, namespace: ownNamespace(way, level) }
    : { name: `truth-${way}-${name}`, namespace };
}

function labelsOf(way: WayName, fixture: PodFixture): Readonly<Record<string, string>> {
  return { ...fixture.template.metadata?.labels, [wayLabel]: way, [fixtureLabel]: fixture.name };
}

export function podOf(way: WayName, fixture: PodFixture, template = fixture.template): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...template.metadata, ...placeOf(way, fixture), labels: labelsOf(way, fixture) },
    spec: template.spec,
  };
}

/** Runs its pods to an end, so a Deployment would not have it. */
export function isJob({ template: { spec } }: PodFixture): boolean {
  return (spec?.['restartPolicy'] ?? 'Always') !== 'Always' || spec?.['activeDeadlineSeconds'] !== undefined;
}

/** TYPE/NAME of the workload. */
export function targetOf(way: WayName, fixture: PodFixture): string {
  return `${isJob(fixture) ? 'cronjob' : 'deployment'}/${placeOf(way, fixture).name}`;
}

/** The same pod as the template of a workload that makes none yet. */
export function workloadOf(way: WayName, fixture: PodFixture): object {
  const labels = labelsOf(way, fixture);
  const metadata = { ...placeOf(way, fixture), labels };
  const template = { metadata: { ...fixture.template.metadata, labels }, spec: fixture.template.spec };
  if (isJob(fixture)) {
    return {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata,
      spec: { schedule: '@yearly', suspend: true, jobTemplate: { spec: { template } } },
    };
  }
  const selector = { matchLabels: { [fixtureLabel]: fixture.name } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas: 0, selector, template } };
}

export function listOf(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}
