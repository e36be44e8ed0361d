import { describe, expect, test } from 'vitest';
import { pauseImage } from '../../scripts/cluster/nodeConfig.ts';
import { kube } from '../support/cluster/clusterFixture.ts';
import { create, rolledOut, stored, workload } from '../support/cluster/patchFixture.ts';
import {
  annotation,
  essence,
  label,
  optedIn,
  optIn,
  optOut,
  outcomes,
  recorded,
  targetsFixture,
  untouched,
  type HookEvent,
  type Release,
} from '../support/cluster/targetsFixture.ts';

const fixture = targetsFixture();
const scaledToZero = { replicas: 0 };

function ownersOf(...releases: readonly Release[]): Record<string, unknown> {
  return {
    namespace: Object.fromEntries(releases.map(ownerOf(label))),
    workload: Object.fromEntries(releases.map(ownerOf(annotation))),
  };
}

const ownerOf =
  (key: string) =>
  ({ namespace, name }: Release): [string, string] => [`${namespace}/${name}`, key];

function names(events: readonly HookEvent[]): string[] {
  return events.map(({ event }) => event);
}

describe('one release', () => {
  test('opts in, restarts the workloads, changes nothing the second time, and leaves nothing', async () => {
    const shop = await fixture.makeNamespace('shop', 'team=shop');
    const daemon = {
      template: {
        metadata: { labels: { app: 'probe' } },
        spec: { nodeSelector: { no: 'node' }, containers: [{ name: 'app', image: pauseImage }] },
      },
    };
    await create(
      shop,
      workload('Deployment', 'web'),
      workload('StatefulSet', 'db', scaledToZero),
      workload('DaemonSet', 'probe', daemon),
    );
    await rolledOut(shop, 'deploy/web');
    const objects = ['deployment/web', 'statefulset/db', 'daemonset/probe'];
    const before = await Promise.all([`namespace/${shop}`, ...objects].map((object) => essence(object, shop)));
    const targets = [{ namespace: shop, deployments: ['web'], statefulSets: ['db'], daemonSets: ['probe'] }];
    const release = await fixture.install('one', targets);
    const owners = ownersOf(release);
    const pod = await podOf(shop);

    const first = await optIn(release, targets);
    expect(first, first.stderr).toMatchObject({ exitCode: 0, stderr: '' });
    const done = [`namespace/${shop}`, ...objects.map((object) => `${object} in ${shop}`)];
    expect(outcomes(first.events)).toEqual(done.map((object) => `opted_in ${object}`));
    expect(first.events.at(-1)).toEqual({ event: 'finished', opted_in: 4 });
    expect(await recorded(release)).toEqual(done);
    expect(await optedIn(`namespace/${shop}`)).toEqual({ value: 'enabled', owners: owners['namespace'] });
    for (const object of objects)
      expect(await optedIn(object, shop)).toEqual({ value: 'true', owners: owners['workload'] });
    expect((await stored(shop, 'deploy/web')).metadata.managedFields?.map(({ manager }) => manager)).toContain(
      'packet-capture-hook',
    );
    await rolledOut(shop, 'deploy/web');
    const rolled = await podOf(shop);
    expect(rolled).not.toBe(pod);
    expect(
      await kube(['get', rolled, '-n', shop, '-o', `jsonpath={.metadata.annotations.packet-capture/inject}`]),
    ).toBe('true');

    // Without the right to patch, so that one patch alone would fail.
    await fixture.install('one', targets, false, ['get']);
    const second = await optIn(release, targets);
    expect(second, second.stderr).toMatchObject({ exitCode: 0 });
    expect(outcomes(second.events)).toEqual(done.map((object) => `unchanged ${object}`));
    expect(names(second.events)).not.toContain('recorded');
    await fixture.install('one', targets, false);

    const undone = await optOut(release);
    expect(undone, undone.stderr).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcomes(undone.events)).toEqual(done.map((object) => `opted_out ${object}`));
    expect(await Promise.all([`namespace/${shop}`, ...objects].map((object) => essence(object, shop)))).toEqual(before);
    expect(await recorded(release)).toEqual([]);
    await fixture.install('one', targets, false, ['get']);
    expect(await optOut(release)).toMatchObject({ exitCode: 0, events: [{ event: 'finished' }] });
  });

  test('a target that is removed from the values is opted out, and the others do not change', async () => {
    const [shop, bank] = [await fixture.makeNamespace('out-shop'), await fixture.makeNamespace('out-bank')];
    await create(shop, workload('Deployment', 'web', scaledToZero), workload('Deployment', 'api', scaledToZero));
    const targets = [{ namespace: shop, deployments: ['web', 'api'] }, { namespace: bank }];
    const kept = [{ namespace: shop, deployments: ['web'] }];
    const release = await fixture.install('out', targets);
    expect(await optIn(release, targets)).toMatchObject({ exitCode: 0 });
    const { generation } = (await stored(shop, 'deploy/web')).metadata;

    const result = await optOut(release, kept);
    expect(result, result.stderr).toMatchObject({ exitCode: 0 });
    expect(outcomes(result.events)).toEqual([`opted_out namespace/${bank}`, `opted_out deployment/api in ${shop}`]);
    expect(await optedIn(`namespace/${bank}`)).toEqual(untouched);
    expect(await optedIn('deployment/api', shop)).toEqual(untouched);
    expect(await recorded(release)).toEqual([`namespace/${shop}`, `deployment/web in ${shop}`]);
    expect(outcomes((await optIn(release, kept)).events)).toEqual([
      `unchanged namespace/${shop}`,
      `unchanged deployment/web in ${shop}`,
    ]);
    expect((await stored(shop, 'deploy/web')).metadata.generation).toBe(generation);
  });

  test('another key replaces the previous one in one rollout', async () => {
    const shop = await fixture.makeNamespace('keys');
    await create(shop, workload('Deployment', 'web', scaledToZero));
    const targets = [{ namespace: shop, deployments: ['web'] }];
    const release = await fixture.install('keys', targets);
    const old = { label: 'sidecar-injector', annotation: 'sidecar-injector-webhook.morven.me/inject' };
    expect(await optIn(release, targets, { keys: old })).toMatchObject({ exitCode: 0 });
    expect(await optedIn('deployment/web', shop, old.annotation)).toMatchObject({ value: 'true' });
    const { generation } = (await stored(shop, 'deploy/web')).metadata;

    expect(await optOut(release, targets)).toMatchObject({
      exitCode: 0,
      events: [
        { event: 'keys_change', from: { annotation: old.annotation }, to: { annotation } },
        { event: 'finished' },
      ],
    });
    expect(await optIn(release, targets)).toMatchObject({ exitCode: 0 });
    expect(await optedIn(`namespace/${shop}`, 'default', old.label)).toMatchObject({ value: undefined });
    expect(await optedIn(`namespace/${shop}`)).toMatchObject({ value: 'enabled' });
    expect(await optedIn('deployment/web', shop, old.annotation)).toMatchObject({ value: undefined });
    expect(await optedIn('deployment/web', shop)).toMatchObject({ value: 'true' });
    expect((await stored(shop, 'deploy/web')).metadata.generation).toBe(generation + 1);
  });

  test('marks that the user has set stay, and are not recorded', async () => {
    const [own, shop] = [
      await fixture.makeNamespace('own', `${label}=enabled`),
      await fixture.makeNamespace('own-shop', `${label}=disabled`),
    ];
    const template = (value: string): object => ({
      metadata: { labels: { app: value }, annotations: { [annotation]: value } },
      spec: { containers: [{ name: 'app', image: pauseImage }] },
    });
    const selector = (value: string): object => ({
      ...scaledToZero,
      selector: { matchLabels: { app: value } },
      template: template(value),
    });
    await create(
      own,
      workload('Deployment', 'in', selector('true')),
      workload('Deployment', 'never', selector('false')),
      workload('Deployment', 'web', scaledToZero),
    );
    await create(shop, workload('Deployment', 'web', scaledToZero));
    const targets = [
      { namespace: own, deployments: ['in', 'never', 'web'] },
      { namespace: shop, deployments: ['web'] },
    ];
    const release = await fixture.install('own', targets);
    const before = await Promise.all(
      [`namespace/${own}`, `namespace/${shop}`, 'deployment/in', 'deployment/never'].map((object) =>
        essence(object, own),
      ),
    );

    const result = await optIn(release, targets);
    expect(result, result.stderr).toMatchObject({ exitCode: 0 });
    expect(outcomes(result.events)).toEqual([
      `left namespace/${own} (set_by_others)`,
      `left namespace/${shop} (other_value)`,
      `left deployment/in in ${own} (set_by_others)`,
      `left deployment/never in ${own} (opted_out)`,
      `opted_in deployment/web in ${own}`,
      `left deployment/web in ${shop} (namespace_not_opted_in)`,
    ]);
    expect(await optedIn('deployment/web', shop)).toEqual(untouched);
    expect(await optOut(release)).toMatchObject({ exitCode: 0 });
    expect(
      await Promise.all(
        [`namespace/${own}`, `namespace/${shop}`, 'deployment/in', 'deployment/never'].map((object) =>
          essence(object, own),
        ),
      ),
    ).toEqual(before);
    expect(await optedIn('deployment/web', own)).toEqual(untouched);
  });

  test('without targets, injection is tested and nothing is recorded', async () => {
    const release = await fixture.install('none', []);
    const { exitCode, events } = await optIn(release, []);
    expect(exitCode).toBe(0);
    expect(events).toMatchObject([
      { event: 'injection_proven', attempts: 3 },
      { event: 'recorded' },
      { event: 'finished' },
    ]);
    expect(await recorded(release)).toEqual([]);
  });
});

describe('two releases', () => {
  test('share a namespace and a workload; the last one that is removed removes the keys', async () => {
    const shop = await fixture.makeNamespace('both');
    await create(shop, workload('Deployment', 'web', scaledToZero));
    const before = await essence('deployment/web', shop);
    const targets = [{ namespace: shop, deployments: ['web'] }];
    const [one, two] = [await fixture.install('both-one', targets), await fixture.install('both-two', targets)];
    expect(await optIn(one, targets)).toMatchObject({ exitCode: 0 });
    const { spec } = await stored(shop, 'deploy/web');
    expect(await optIn(two, targets)).toMatchObject({ exitCode: 0 });
    expect(await optedIn('deployment/web', shop)).toEqual({ value: 'true', owners: ownersOf(one, two)['workload'] });
    expect(await optOut(one)).toMatchObject({ exitCode: 0 });
    expect(await optedIn('deployment/web', shop)).toEqual({ value: 'true', owners: ownersOf(two)['workload'] });
    expect(await optedIn(`namespace/${shop}`)).toEqual({ value: 'enabled', owners: ownersOf(two)['namespace'] });
    expect((await stored(shop, 'deploy/web')).spec, 'the second release rolls nothing').toEqual(spec);
    expect(await optOut(two)).toMatchObject({ exitCode: 0 });
    expect(await essence('deployment/web', shop)).toEqual(before);
    expect(await optedIn(`namespace/${shop}`)).toEqual(untouched);
  });
});

async function podOf(namespace: string): Promise<string> {
  return (
    (
      await kube([
        'get',
        'pods',
        '-n',
        namespace,
        '-l',
        'app=web',
        '--field-selector=status.phase=Running',
        '--sort-by=.metadata.creationTimestamp',
        '-o',
        'name',
      ])
    )
      .trim()
      .split('\n')
      .at(-1) ?? ''
  );
}
