import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadImage } from '../../../../scripts/cluster/images.ts';
import { kubectl, runInNetns } from '../../../../scripts/cluster/kubectl.ts';
import type { ClusterHandle } from '../../../../scripts/cluster/paths.ts';
import { stderrProgress } from '../../../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../../../scripts/cluster/tools.ts';
import { ensureInjectorImage } from '../../../../scripts/images/images.ts';
import { localRegistry } from '../../../../scripts/images/names.ts';
import { root } from '../../../../scripts/images/root.ts';
import { injectAnnotation } from '../../../../src/settings/index.ts';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { policyObjects } from '../../../../src/ways/policy/index.ts';
import type { CreationRequest } from './creations.ts';

/** What can stand between a user and a new pod; `bare-policy`: one that sets a single field, and injects nothing. */
export const obstacles = ['none', 'bare-policy', 'policy', 'webhook'] as const;
export type Obstacle = (typeof obstacles)[number];

const prefix = 'bench-creation';
const home = `${prefix}-release`;
const namespaceOf = (obstacle: Obstacle): string => `${prefix}-${obstacle}`;
/** Of namespaces: a label for each way, beside those of other releases on the node. */
const labelOf = (obstacle: Obstacle): string => `${prefix}.packet-capture.internal/${obstacle}`;

export interface Creations {
  /** In milliseconds. */
  readonly times: Readonly<Record<Obstacle, readonly number[]>>;
  /** Of the busiest injector, behind them, in MB. */
  readonly workingSet: number;
}

/**
 * What the API server needs to create a pod of 10 KB, in milliseconds: in a namespace that nothing is injected into, in
 * one where the barest policy changes it, in one that our policy injects into, and in one that the webhook of the chart
 * with its default values injects into; one pod each in turn. For an API server where no policy with parameters was
 * ever deleted: any other reads them anew for every pod (see parametersName in src/ways/policy/policyObjects.ts).
 */
export async function measureCreations(node: ClusterHandle, count: number): Promise<Creations> {
  const helm = await ensureHelm(4, stderrProgress);
  await loadImage(node, await ensureInjectorImage(stderrProgress), stderrProgress);
  const objects = [
    ...obstacles.map(namespaceObject),
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: home } },
    ...barePolicy(),
    ...policy(),
  ];
  try {
    await kube(node, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    const values = [
      '--set-string',
      `injection.namespaceLabel=${labelOf('webhook')}`,
      '--set',
      `image.pullPolicy=Never,global.imageRegistry=${localRegistry}`,
    ];
    const { exitCode, stderr } = await runInNetns(node, [
      helm,
      'install',
      prefix,
      join(root, 'chart'),
      '-n',
      home,
      '--wait',
      '--timeout',
      '2m',
      ...values,
    ]);
    if (exitCode !== 0) throw new Error(`helm install failed:\n${stderr}`);
    stderrProgress(`creating ${count} pods in each of ${obstacles.length} namespaces`);
    const request: CreationRequest = {
      kubeconfig: node.kubeconfig,
      count,
      namespaces: Object.fromEntries(
        obstacles.map((obstacle) => [namespaceOf(obstacle), obstacle === 'policy' || obstacle === 'webhook']),
      ),
    };
    const readsBefore = await readsOfConfigMaps(node);
    const created = await runInNetns(node, [
      process.execPath,
      join(import.meta.dirname, 'creations.ts'),
      JSON.stringify(request),
    ]);
    if (created.exitCode !== 0) throw new Error(created.stderr);
    // A few are helm's and the node's; the policy's would be one at least for each of its pods.
    if ((await readsOfConfigMaps(node)) - readsBefore >= count)
      throw new Error('the API server watches no ConfigMaps: measure on a node that is new');
    const times = JSON.parse(created.stdout) as Readonly<Record<string, readonly number[]>>;
    return {
      times: Object.fromEntries(obstacles.map((obstacle) => [obstacle, times[namespaceOf(obstacle)] ?? []])) as Record<
        Obstacle,
        readonly number[]
      >,
      workingSet: await workingSetOfInjectors(node),
    };
  } finally {
    await runInNetns(node, [helm, 'uninstall', prefix, '-n', home, '--ignore-not-found', '--wait']);
    await kubectl(node, ['delete', '-f', '-', '--ignore-not-found', '--wait=true'], {
      input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects.toReversed() }),
    });
  }
}

function namespaceObject(obstacle: Obstacle): object {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespaceOf(obstacle), labels: { [labelOf(obstacle)]: 'enabled' } },
  };
}

function policy(): readonly object[] {
  return policyObjects({
    config: defaultSidecarConfig,
    name: `${prefix}-policy`,
    namespace: home,
    namespaceLabel: labelOf('policy'),
    annotation: injectAnnotation,
    optOut: false,
    failurePolicy: 'Ignore',
  });
}

const admission = 'admissionregistration.k8s.io/v1';

/** What any policy that patches costs. */
function barePolicy(): readonly object[] {
  const metadata = { name: `${prefix}-bare-policy` };
  const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }];
  const mutations = [
    {
      patchType: 'JSONPatch',
      jsonPatch: { expression: "[JSONPatch{op: 'add', path: '/spec/hostname', value: 'bare'}]" },
    },
  ];
  const matchResources = { namespaceSelector: { matchLabels: { [labelOf('bare-policy')]: 'enabled' } } };
  return [
    {
      apiVersion: admission,
      kind: 'MutatingAdmissionPolicy',
      metadata,
      spec: { failurePolicy: 'Fail', reinvocationPolicy: 'IfNeeded', matchConstraints: { resourceRules }, mutations },
    },
    {
      apiVersion: admission,
      kind: 'MutatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: metadata.name, matchResources },
    },
  ];
}

/** The kubelet looks every ten seconds or so. */
const settleMs = 20_000;

/** What the kubelet counts, compares with a limit and evicts by: without the file pages that the kernel can drop. */
async function workingSetOfInjectors(node: ClusterHandle): Promise<number> {
  await sleep(settleMs);
  const { stdout: name } = await kubectl(node, ['get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}']);
  const { stdout } = await kubectl(node, ['get', '--raw', `/api/v1/nodes/${name}/proxy/metrics/resource`]);
  const bytes = [
    ...stdout.matchAll(/^container_memory_working_set_bytes\{(?=[^}]*container="injector")[^}]*\} (\S+)/gm),
  ].map(([, text]) => Number(text));
  if (bytes.length === 0) throw new Error('the kubelet tells no working set of the injectors');
  return Math.max(...bytes) / 1e6;
}

/** How many single ConfigMaps the API server has been asked for, by itself too. */
async function readsOfConfigMaps(node: ClusterHandle): Promise<number> {
  const { stdout } = await kubectl(node, ['get', '--raw', '/metrics']);
  const counts = stdout.matchAll(
    /^apiserver_request_total\{(?=[^}]*resource="configmaps")(?=[^}]*verb="GET")[^}]*\} (\S+)$/gm,
  );
  return [...counts].reduce((sum, [, text]) => sum + Number(text), 0);
}

async function kube(node: ClusterHandle, args: readonly string[], input: string): Promise<void> {
  const { exitCode, stderr } = await kubectl(node, args, { input });
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')} failed:\n${stderr}`);
}
