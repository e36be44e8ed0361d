import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { kubectl, runInNetns } from '../../../scripts/cluster/kubectl.ts';
import { version } from '../../../src/version.ts';
import { until } from '../../support/agent/until.ts';
import { kube, livingPods, namespaceYaml, podField } from '../../support/cluster/clusterFixture.ts';
import { chart, loadReleaseImages } from '../../support/cluster/helmFixture.ts';
import { fluxNamespace, startFlux, type Flux } from '../../support/long/flux/controllers.ts';
import { createPods, type Creations } from '../../support/long/flux/creations.ts';
import { filesOf, fullname, newDeployment, rotate, type Deployment } from '../../support/long/flux/deployment.ts';
import {
  actionsIn,
  changedBetween,
  conditionOf,
  inventory,
  keySecret,
  kustomization,
  ociRepository,
  reconcile,
  rollOut,
  settledInventory,
  statusOf,
} from '../../support/long/flux/objects.ts';
import { startRegistry, type Registry } from '../../support/long/flux/registry.ts';

const node = inject('node');
const both = ['platform', 'shop'] as const;
const tag = 'live';
let folder: string;
let registry: Registry;
let flux: Flux;
/** What a test has made in the cluster besides Flux's objects. */
let made: Deployment | undefined;

beforeAll(async () => {
  await loadReleaseImages();
  folder = await mkdtemp(join(node.stateDir, 'flux-'));
  registry = await startRegistry(folder);
  flux = await startFlux(folder);
  await registry.sign('charts/packet-capture', await registry.pushChart(chart));
  const publicKey = { 'packet-capture.pub': await registry.publicKey() };
  await apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: keySecret, namespace: fluxNamespace },
    stringData: publicKey,
  });
}, 1_800_000);

afterEach(async () => {
  await kube(['delete', 'kustomization', '--all', '-n', fluxNamespace, '--timeout=240s']);
  await kube(['delete', 'ocirepository', '--all', '-n', fluxNamespace, '--timeout=240s']);
  if (made !== undefined) await kube(['delete', 'namespace', made.legacy, '--ignore-not-found', '--wait=false']);
  made = undefined;
});

afterAll(async () => {
  await flux?.stop();
  await registry?.stop();
  await rm(folder, { recursive: true });
});

async function apply(...objects: readonly object[]): Promise<void> {
  await kube(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
}

/** Renders, pushes and signs a deployment. @returns the digest */
async function publish(deployment: Deployment): Promise<string> {
  const digest = await registry.pushBundle('deploy', tag, await filesOf(deployment, registry, version));
  await registry.sign('deploy', digest);
  return digest;
}

/** Flux applies a deployment for the first time; the apps run with the sidecar. */
async function deploy(deployment: Deployment): Promise<void> {
  made = deployment;
  await kube(['apply', '-f', '-'], namespaceYaml(deployment.legacy));
  await kube(['label', 'namespace', deployment.legacy, 'team=net']);
  const digest = await publish(deployment);
  await apply(
    ociRepository('deploy', 'deploy', tag),
    kustomization('platform', 'deploy', './platform'),
    kustomization('shop', 'deploy', './shop/overlay', ['platform']),
  );
  await rollOut('deploy', digest, both);
  for (const name of ['web', 'api']) {
    const [pod = ''] = await livingPods(deployment.shop, `app=${name}`);
    expect(await podField(deployment.shop, pod, '.spec.initContainers[*].name'), name).toBe('packet-capture');
  }
}

/** The uids of all pods of the deployment. */
async function pods({ release, shop }: Deployment): Promise<string[]> {
  const uids = await Promise.all(
    [release, shop].map(async (namespace) =>
      kube(['get', 'pods', '-n', namespace, '-o', 'jsonpath={range .items[*]}{.metadata.uid} {end}']),
    ),
  );
  return uids.flatMap((text) => text.trim().split(' ')).toSorted();
}

/** How many events of the Kustomizations say that an object was changed. */
async function changeEvents(): Promise<number> {
  const { items } = JSON.parse(await kube(['get', 'events', '-n', fluxNamespace, '-o', 'json'])) as {
    readonly items: readonly { readonly involvedObject: { readonly kind: string }; readonly message: string }[];
  };
  return items.filter(
    ({ involvedObject, message }) =>
      involvedObject.kind === 'Kustomization' && /\b(?:configured|created|deleted)\b/.test(message),
  ).length;
}

/** Reconciles everything, as often as told, and expects that nothing was written. */
async function expectNoDrift(deployment: Deployment, times: number): Promise<void> {
  const [before, running, events] = [await settledInventory(both), await pods(deployment), await changeEvents()];
  const from = flux.applyLog().length;
  for (let round = 0; round < times; round += 1) {
    for (const [kind, name] of [
      ['ocirepository', 'deploy'],
      ['kustomization', 'platform'],
      ['kustomization', 'shop'],
    ] as const)
      expect(conditionOf(await reconcile(kind, name), 'Ready')).toMatch(/^True /);
  }
  const after = await inventory(both);
  expect(after).toEqual(before);
  expect(await pods(deployment)).toEqual(running);
  expect(await changeEvents()).toBe(events);
  const actions = actionsIn(flux.applyLog(), from);
  // The parts of a Kustomization are applied and logged in stages; each object is in one of them.
  expect(actions.length).toBeGreaterThanOrEqual(times * after.size);
  expect(new Set(actions)).toEqual(new Set(['unchanged']));
}

/** Somebody removes the sidecar of way 1 by hand: Flux puts it back, and its log and events say so. */
async function expectRepaired({ shop }: Deployment): Promise<void> {
  const remove = JSON.stringify([{ op: 'remove', path: '/spec/template/spec/initContainers' }]);
  await kube(['patch', 'deployment', 'web', '-n', shop, '--type=json', '-p', remove]);
  const [from, events] = [flux.applyLog().length, await changeEvents()];
  await reconcile('kustomization', 'shop');
  expect(actionsIn(flux.applyLog(), from)).toContain('configured');
  await until('event of the repair', async () => (await changeEvents()) > events);
  const containers = '{.spec.template.spec.initContainers[*].name}';
  expect(await kube(['get', 'deployment', 'web', '-n', shop, '-o', `jsonpath=${containers}`])).toBe('packet-capture');
}

/**
 * Publishes the deployment as it is now and lets Flux apply it.
 * @returns the objects that were changed, made or removed: NAME and NAMESPACE stand for those of the release
 */
async function upgrade(deployment: Deployment): Promise<string[]> {
  const before = await settledInventory(both);
  await rollOut('deploy', await publish(deployment), both);
  const changed = changedBetween(before, await settledInventory(both)).map((id) =>
    id
      .replaceAll(fullname(deployment.release), 'NAME')
      .replaceAll(deployment.release, 'NAMESPACE')
      .replace(/-[0-9a-f]{8}$/, '-DIGEST'),
  );
  return changed.toSorted();
}

/** Changes a setting while pods are created. */
async function upgradeUnderLoad(deployment: Deployment): Promise<{ changed: string[]; pods: Creations }> {
  const end = createPods(deployment.shop);
  deployment.capture = { filter: 'udp port 53' };
  const changed = await upgrade(deployment);
  await sleep(2000);
  const created = await end();
  expect(created.refused).toEqual([]);
  await expectNoDrift(deployment, 3);
  return { changed, pods: created };
}

/**
 * The three steps of a rotation while pods are created: all of them get the sidecar.
 * @returns what each step changed
 */
async function rotateUnderLoad(deployment: Deployment): Promise<string[][]> {
  const end = createPods(deployment.shop);
  const steps: string[][] = [];
  for (const step of ['trust-both', 'serve-new', 'drop-old']) {
    const old = await served(deployment);
    await rotate(deployment);
    steps.push(await upgrade(deployment));
    if (step === 'serve-new')
      await until(
        'new certificate of every injector',
        async () => (await served(deployment)).every((print) => print !== '' && !old.includes(print)),
        { milliseconds: 300_000 },
      );
  }
  const { injected, ...others } = await end();
  expect(others).toEqual({ without: 0, refused: [] });
  expect(injected).toBeGreaterThan(20);
  await expectNoDrift(deployment, 3);
  return steps;
}

/** The certificates that the injectors serve: fingerprints. */
async function served({ release }: Deployment): Promise<string[]> {
  const ips = await kube(['get', 'pods', '-n', release, '-o', 'jsonpath={.items[*].status.podIP}']);
  return Promise.all(
    ips.split(' ').map(async (host) => {
      const options = JSON.stringify({ host, port: 10_250, rejectUnauthorized: false });
      const code = `setTimeout(() => process.exit(1), 3000).unref(); const s = require('node:tls').connect(${options}, () => { console.log(s.getPeerCertificate().fingerprint256); s.destroy(); })`;
      return (await runInNetns(node, [process.execPath, '-e', code])).stdout.trim();
    }),
  );
}

/** The objects of a whole cluster that are of this release. */
async function objectsOf({ release }: Deployment): Promise<string[]> {
  const everywhere =
    'mutatingwebhookconfigurations,mutatingadmissionpolicies,mutatingadmissionpolicybindings,clusterroles,clusterrolebindings';
  const inNamespaces =
    'deployments,services,serviceaccounts,secrets,configmaps,roles,rolebindings,networkpolicies,poddisruptionbudgets,jobs,pods';
  const selector = ['-l', `app.kubernetes.io/instance=${release}`, '-o', 'name'];
  const lists = [await kube(['get', everywhere, ...selector]), await kube(['get', inNamespaces, '-A', ...selector])];
  return lists.flatMap((text) => text.split('\n').filter((line) => line !== '')).toSorted();
}

const config = 'ConfigMap NAMESPACE/NAME-config';
const webhooks = 'MutatingWebhookConfiguration /NAME.NAMESPACE';
const own = 'Secret NAMESPACE/NAME-certs';
const given = 'Secret NAMESPACE/injector-tls';
const policyOf = (suffix: string, separator: string): string[] => [
  `ConfigMap NAMESPACE/NAME-policy${suffix === '' ? '' : `-${suffix}`}-DIGEST`,
  `ConfigMap NAMESPACE/NAME-policy${suffix === '' ? '' : `-${suffix}`}-DIGEST`,
  `MutatingAdmissionPolicyBinding /NAME.NAMESPACE${separator}${suffix}`,
];

describe.each([
  {
    mode: 'baked',
    changed: [config],
    steps: [
      [webhooks, own],
      ['Deployment NAMESPACE/NAME', own],
      [webhooks, own],
    ],
  },
  { mode: 'existingSecret', changed: [config], steps: [[webhooks], [given], [webhooks]] },
] as const)('a release with certificates $mode, applied by Flux', ({ mode, changed, steps }) => {
  test('has no drift in ten reconciliations, is upgraded and rotated without a missed pod, and leaves nothing', async () => {
    const deployment = await newDeployment(mode);
    await deploy(deployment);
    await expectNoDrift(deployment, 10);
    await expectRepaired(deployment);
    const upgraded = await upgradeUnderLoad(deployment);
    expect(upgraded.changed).toEqual(changed);
    expect(upgraded.pods.without).toBe(0);
    expect(await rotateUnderLoad(deployment)).toEqual(steps);
    await expectNothingLeft(deployment);
  });
});

test('a release with the policy, applied by Flux, has no drift in ten reconciliations, is upgraded, and leaves nothing', async () => {
  const deployment = await newDeployment('policy');
  await deploy(deployment);
  await expectNoDrift(deployment, 10);
  const upgraded = await upgradeUnderLoad(deployment);
  const bindings = [policyOf('', ''), policyOf('baseline', '.'), policyOf('probe', '.')];
  expect(upgraded.changed).toEqual(bindings.flat().toSorted());
  console.log(JSON.stringify(upgraded.pods));
  await expectNothingLeft(deployment);
});

/** Deletes the Kustomizations; nothing of the release is left in the cluster. */
async function expectNothingLeft(deployment: Deployment): Promise<void> {
  const { release, shop, legacy } = deployment;
  console.log(JSON.stringify({ before: [...(await inventory(both)).keys()], objects: await objectsOf(deployment) }));
  for (const name of ['shop', 'platform'])
    await kube(['delete', 'kustomization', name, '-n', fluxNamespace, '--timeout=240s']);
  const gone = async (): Promise<boolean> =>
    (await kubectl(node, ['get', 'namespace', release, shop, '-o', 'name'])).stdout === '';
  await until('end of the namespaces', gone, { milliseconds: 240_000 });
  expect(await objectsOf(deployment)).toEqual([]);
  // A namespace that is not Flux's keeps its own labels, and what Flux has written there.
  const left = await kube(['get', 'namespace', legacy, '-o', 'jsonpath={.metadata.labels}']);
  expect(JSON.parse(left)).toMatchObject({ team: 'net', [`${release}/injection`]: 'enabled' });
}

describe('Flux refuses', () => {
  const nothing = { 'platform/kustomization.yaml': 'resources: []\n' };
  const other = { 'platform/kustomization.yaml': 'resources: []\n# one byte more\n' };

  async function expectRefused(name: string, repository: string, how: 'VerificationError' | RegExp): Promise<void> {
    const before = (await statusOf('ocirepository', name)).artifact?.digest;
    const status = await reconcile('ocirepository', name);
    expect(conditionOf(status, 'Ready'), repository).toMatch(
      how === 'VerificationError' ? /^False VerificationError/ : how,
    );
    // What was verified before stays.
    expect(status.artifact?.digest).toBe(before);
  }

  test('a bundle that nobody has signed, one signed with another key, and one whose tag was moved', async () => {
    const good = await registry.pushBundle('refused', tag, nothing);
    await registry.sign('refused', good);
    await apply(ociRepository('refused', 'refused', tag));
    const status = await reconcile('ocirepository', 'refused');
    expect(conditionOf(status, 'SourceVerified'), JSON.stringify(status.conditions)).toBe('True Succeeded');
    expect(status.artifact?.revision).toContain(good);

    const changed = await registry.pushBundle('refused', tag, other);
    expect(changed).not.toBe(good);
    await expectRefused('refused', 'unsigned', 'VerificationError');
    await registry.sign('refused', changed, 'theirs');
    await expectRefused('refused', 'signed by another', 'VerificationError');
    await registry.sign('refused', changed);
    expect((await reconcile('ocirepository', 'refused')).artifact?.revision).toContain(changed);
  });

  test('a bundle of which one byte was changed in the registry itself', async () => {
    const digest = await registry.pushBundle('broken', tag, { ...nothing, 'note.txt': 'broken\n' });
    await registry.sign('broken', digest);
    const manifest = JSON.parse(await readFile(registry.blobFile(digest), 'utf8')) as {
      readonly layers: readonly [{ readonly digest: string }];
    };
    const layer = registry.blobFile(manifest.layers[0].digest);
    const bytes = await readFile(layer);
    const at = bytes.length - 20;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(layer, bytes);
    await apply(ociRepository('broken', 'broken', tag));
    await expectRefused('broken', 'a changed byte', /^False /);
    expect((await statusOf('ocirepository', 'broken')).artifact).toBeUndefined();
  });

  test('a chart that nobody has signed, and takes the signed one', async () => {
    await apply(ociRepository('chart', 'charts/packet-capture', version, true));
    const status = await reconcile('ocirepository', 'chart');
    expect(conditionOf(status, 'SourceVerified'), JSON.stringify(status.conditions)).toBe('True Succeeded');
    const changed = join(folder, 'changed-chart');
    await cp(chart, changed, { recursive: true });
    await writeFile(join(changed, 'README.md'), 'changed\n');
    await registry.pushChart(changed);
    await expectRefused('chart', 'a changed chart', 'VerificationError');
  });
});
