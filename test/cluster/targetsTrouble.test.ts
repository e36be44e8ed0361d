import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, inject, test } from 'vitest';
import { kubectl } from '../../scripts/cluster/kubectl.ts';
import { nodeAddress } from '../../scripts/cluster/machine.ts';
import { makeRetryingClient } from '../../src/release/hooks/apiClient.ts';
import { kube } from '../support/cluster/clusterFixture.ts';
import { create, workload } from '../support/cluster/patchFixture.ts';
import {
  optedIn,
  optIn,
  optOut,
  outcomes,
  recorded,
  targetsFixture,
  untouched,
  type Release,
} from '../support/cluster/targetsFixture.ts';
import { recordName } from '../support/cluster/targetsRelease.ts';
import { brokenWebhook, startRelay } from '../support/cluster/targetsTroubles.ts';

const fixture = targetsFixture();
const scaledToZero = { replicas: 0 };

async function patchConfiguration({ name, namespace }: Release, ...operations: readonly object[]): Promise<void> {
  await kube([
    'patch',
    'mutatingwebhookconfiguration',
    `${name}.${namespace}`,
    '--type=json',
    '-p',
    JSON.stringify(operations),
  ]);
}

describe('until injection works', () => {
  test('the hook waits, says why, and continues as soon as it works', async () => {
    const shop = await fixture.makeNamespace('wait');
    const release = await fixture.install('wait', [{ namespace: shop }], false);
    let added: Promise<void> | undefined;
    const { exitCode, events, stderr } = await optIn(release, [{ namespace: shop }], {
      onEvent: ({ event }) => {
        if (event === 'waiting_for_injection') added ??= fixture.addWebhook('wait');
      },
    });
    await added;
    expect(exitCode, stderr).toBe(0);
    expect(events[0]).toMatchObject({
      event: 'waiting_for_injection',
      attempts: 1,
      reason: expect.stringContaining('admits the probe pod as it is'),
    });
    expect(events.find(({ event }) => event === 'injection_proven')).toMatchObject({
      elapsedSeconds: expect.any(Number),
    });
    expect(await optedIn(`namespace/${shop}`)).toMatchObject({ value: 'enabled' });
  });

  test('the hook changes nothing, and ends at its timeout', async () => {
    const shop = await fixture.makeNamespace('never');
    const release = await fixture.install('never', [{ namespace: shop }], false);
    const { exitCode, events, stderr } = await optIn(release, [{ namespace: shop }], { timeout: '5s' });
    expect(exitCode).toBe(1);
    expect(new Set(events.map(({ event }) => event))).toEqual(new Set(['waiting_for_injection']));
    expect(events.length, 'a line every few seconds').toBeGreaterThan(1);
    expect(stderr).toMatch(
      /^error INJECTION_UNPROVEN: no pod was injected within 5 s: the API server admits the probe pod as it is/,
    );
    expect(stderr).toContain(`at release never in ${release.namespace}`);
    expect(await optedIn(`namespace/${shop}`)).toEqual(untouched);
    expect(await recorded(release)).toBeUndefined();
  });

  test("the API server's message is the reason", async () => {
    const release = await fixture.install('closed', []);
    await patchConfiguration(
      release,
      { op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Fail' },
      { op: 'replace', path: '/webhooks/0/clientConfig/service/port', value: 81 },
    );
    const { exitCode, stderr } = await optIn(release, [], { timeout: '3s' });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/INJECTION_UNPROVEN: .*failed calling webhook "probe.injector.packet-capture.internal"/);
  });

  test('SIGTERM ends the hook at once', async () => {
    const release = await fixture.install('term', [], false);
    const { exitCode, events, stderr } = await optIn(release, [], {
      onEvent: ({ event }, child) => {
        if (event !== 'waiting_for_injection') return;
        child.kill('SIGTERM');
      },
    });
    expect({ exitCode, stderr, last: events.at(-1) }).toEqual({
      exitCode: 143,
      stderr: '',
      last: { event: 'interrupted', signal: 'SIGTERM' },
    });
  });
});

describe('an object that cannot be changed', () => {
  test('does not prevent changes of the others, and fails the hook', async () => {
    const [shop, closed] = [await fixture.makeNamespace('some'), await fixture.makeNamespace('closed')];
    await create(shop, workload('Deployment', 'web', scaledToZero), workload('Deployment', 'other', scaledToZero));
    await create(closed, workload('Deployment', 'web', scaledToZero));
    const release = await fixture.install('some', [{ namespace: shop, deployments: ['web', 'absent'] }]);
    const targets = [
      { namespace: closed, deployments: ['web'] },
      { namespace: shop, deployments: ['absent', 'other', 'web'] },
    ];
    const { exitCode, events, stderr } = await optIn(release, targets);
    expect(exitCode).toBe(1);
    expect(outcomes(events)).toEqual([
      `failed namespace/${closed} (FORBIDDEN)`,
      `opted_in namespace/${shop}`,
      `failed deployment/web in ${closed} (FORBIDDEN)`,
      `failed deployment/absent in ${shop} (NOT_FOUND)`,
      `failed deployment/other in ${shop} (FORBIDDEN)`,
      `opted_in deployment/web in ${shop}`,
    ]);
    expect(events.find(({ object }) => object === `namespace/${closed}`)?.reason).toContain(
      `cannot get namespaces/${closed} in namespace ${closed}: `,
    );
    expect(stderr).toMatch(/^error TARGETS_INCOMPLETE: 4 of 6 objects could not be changed/);
    expect(await optedIn(`namespace/${closed}`)).toEqual(untouched);
    expect(await optedIn('deployment/other', shop)).toEqual(untouched);
    expect(await recorded(release)).toEqual([`namespace/${shop}`, `deployment/web in ${shop}`]);
  });

  test('a namespace that was deleted and made again is opted in again by the next upgrade', async () => {
    const shop = await fixture.makeNamespace('again');
    await create(shop, workload('Deployment', 'web', scaledToZero));
    const targets = [{ namespace: shop, deployments: ['web'] }];
    const release = await fixture.install('again', targets);
    expect(await optIn(release, targets)).toMatchObject({ exitCode: 0 });
    await kube(['delete', 'namespace', shop]);
    await kube(['create', 'namespace', shop]);
    await create(shop, workload('Deployment', 'web', scaledToZero));
    await fixture.install('again', targets, false);
    expect(outcomes((await optIn(release, targets)).events)).toEqual([
      `opted_in namespace/${shop}`,
      `opted_in deployment/web in ${shop}`,
    ]);
  });

  test('a namespace or a workload that is gone does not prevent an uninstall', async () => {
    const [shop, gone] = [await fixture.makeNamespace('here'), await fixture.makeNamespace('gone')];
    await create(shop, workload('Deployment', 'web', scaledToZero), workload('Deployment', 'short', scaledToZero));
    const targets = [{ namespace: shop, deployments: ['web', 'short'] }, { namespace: gone }];
    const release = await fixture.install('gone', targets);
    expect(await optIn(release, targets)).toMatchObject({ exitCode: 0 });
    await kube(['delete', 'deployment', 'short', '-n', shop]);
    await kube(['delete', 'namespace', gone]);
    const { exitCode, events, stderr } = await optOut(release);
    expect(exitCode, stderr).toBe(0);
    expect(outcomes(events)).toEqual([
      `left namespace/${gone} (FORBIDDEN)`,
      `opted_out namespace/${shop}`,
      `gone deployment/short in ${shop}`,
      `opted_out deployment/web in ${shop}`,
    ]);
    expect(await recorded(release)).toEqual([`namespace/${gone}`]);
    fixture.forget(gone);
  });

  test("the release's own namespace cannot be a target", async () => {
    const release = await fixture.install('self', []);
    expect(await optIn(release, [{ namespace: release.namespace }])).toMatchObject({
      exitCode: 2,
      events: [],
      stderr: expect.stringContaining('TARGETS_INVALID'),
    });
  });
});

describe('the record', () => {
  test('has what was changed, when the hook is killed before its end', async () => {
    const shop = await fixture.makeNamespace('killed');
    const deployments = Array.from({ length: 12 }, (_, index) => `web-${index + 10}`);
    const labelled = (app: string): object => workload('Deployment', app, scaledToZero, { labels: { app } });
    await create(shop, ...deployments.map(labelled));
    const targets = [{ namespace: shop, deployments }];
    const release = await fixture.install('killed', targets);
    // The last one cannot be changed, so that the hook is there to be killed.
    const last = deployments.at(-1) ?? '';
    const blocked = brokenWebhook(shop, last);
    await kube(['create', '-f', '-'], JSON.stringify(blocked));
    const label = ['label', 'deployment', last, '-n', shop, 'changed=yes', '--dry-run=server'];
    await expect.poll(async () => (await kubectl(inject('node'), label)).exitCode).toBe(1);
    const { exitCode, events } = await optIn(release, targets, {
      onEvent: ({ event, object = '' }, child) => {
        if (event === 'opted_in' && object.startsWith('deployment/')) child.kill('SIGKILL');
      },
    });
    await kube(['delete', '-f', '-'], JSON.stringify(blocked));
    expect(exitCode).toBeNull();
    expect(events.map(({ event }) => event)).not.toContain('finished');
    const states = await Promise.all(deployments.map((name) => optedIn(`deployment/${name}`, shop)));
    expect(states.map(({ value }) => value)).toContain('true');
    expect(
      states.map(({ value }) => value),
      'it was killed in the middle',
    ).toContain(undefined);
    expect(await recorded(release)).toEqual([
      `namespace/${shop}`,
      ...deployments.map((name) => `deployment/${name} in ${shop}`),
    ]);

    expect(await optOut(release)).toMatchObject({ exitCode: 0 });
    for (const name of deployments) expect(await optedIn(`deployment/${name}`, shop)).toEqual(untouched);
    expect(await optedIn(`namespace/${shop}`)).toEqual(untouched);
    expect(await recorded(release)).toEqual([]);
  });

  test('that cannot be read is reported and not changed', async () => {
    const shop = await fixture.makeNamespace('broken');
    const release = await fixture.install('broken', [{ namespace: shop }]);
    const broken = '{"version":1,"objects":"namespace/old"}';
    const path = ['configmap', recordName('broken'), '-n', release.namespace];
    await kube(['patch', ...path, '--type=merge', '-p', JSON.stringify({ data: { targets: broken } })]);
    for (const result of [await optIn(release, [{ namespace: shop }]), await optOut(release)]) {
      expect(result).toMatchObject({
        exitCode: 1,
        events: [],
        stderr: expect.stringMatching(
          /^error RECORD_INVALID: .*\n {2}at configmap\/broken-opt-in in .*, key targets\n/,
        ),
      });
    }
    expect(await kube(['get', ...path, '-o', 'jsonpath={.data.targets}'])).toBe(broken);
    expect(await optedIn(`namespace/${shop}`)).toEqual(untouched);
  });

  test('that was never written, is gone or may not be read means that there is nothing to undo', async () => {
    const release = await fixture.install('blank', []);
    const nothing = { exitCode: 0, stderr: '' };
    expect(await optOut(release)).toMatchObject({ ...nothing, events: [{ event: 'nothing_to_undo' }] });
    await kube(['delete', 'configmap', recordName('blank'), '-n', release.namespace]);
    expect(await optOut(release)).toMatchObject({
      ...nothing,
      events: [{ event: 'nothing_to_undo', code: 'NOT_FOUND' }],
    });
    const stranger = { ...release, name: 'stranger' };
    expect(await optOut(stranger)).toMatchObject({
      ...nothing,
      events: [{ event: 'nothing_to_undo', code: 'FORBIDDEN' }],
    });
    expect(await optIn(release, [])).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('NOT_FOUND') });
  });
});

describe('temporary errors', () => {
  test('after an edit at the same moment the object is read again', async () => {
    const shop = await fixture.makeNamespace('edit');
    await create(shop, workload('Deployment', 'web', scaledToZero));
    const targets = [{ namespace: shop, deployments: ['web'] }];
    const release = await fixture.install('edit', targets);
    // Between the namespace and its workloads the hook pauses for a second; it has read the Deployment before that.
    // It is stopped there until the edit is stored.
    let edited: Promise<void> | undefined;
    const edit = async (hook: ChildProcess): Promise<void> => {
      hook.kill('SIGSTOP');
      const owners = `packet-capture/opted-in-by={"else/where":"packet-capture/inject"}`;
      await kube(['annotate', 'deployment', 'web', '-n', shop, 'note=mine', owners]);
      hook.kill('SIGCONT');
    };
    const { exitCode, events } = await optIn(release, targets, {
      onEvent: ({ event }, child) => {
        if (event === 'opted_in') edited ??= edit(child);
      },
    });
    await edited;
    expect(exitCode).toBe(0);
    expect(outcomes(events)).toEqual([`opted_in namespace/${shop}`, `opted_in deployment/web in ${shop}`]);
    expect(await optedIn('deployment/web', shop)).toEqual({
      value: 'true',
      owners: { 'else/where': 'packet-capture/inject', [`${release.namespace}/edit`]: 'packet-capture/inject' },
    });
    expect(await kube(['get', 'deployment', 'web', '-n', shop, '-o', 'jsonpath={.metadata.annotations.note}'])).toBe(
      'mine',
    );
  });

  test('broken connections are opened again', async () => {
    const shop = await fixture.makeNamespace('relay');
    const release = await fixture.install('relay', [{ namespace: shop }]);
    expect(await optIn(release, [{ namespace: shop }])).toMatchObject({ exitCode: 0 });
    const relay = await startRelay(31_500);
    try {
      const result = await optOut(release, undefined, { server: `https://${nodeAddress}:31500` });
      expect(result, result.stderr).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await optedIn(`namespace/${shop}`)).toEqual(untouched);
      expect(relay.dropped(), 'one a call').toBe(5);
    } finally {
      await relay.stop();
    }
  });

  test('a request that fails in the API server is repeated', async () => {
    const shop = await fixture.makeNamespace('fails');
    await create(shop, workload('Deployment', 'web', scaledToZero));
    const targets = [{ namespace: shop, deployments: ['web'] }];
    const release = await fixture.install('fails', targets);
    // The API server answers with 500 to changes of workloads there.
    await kube(['create', '-f', '-'], JSON.stringify(brokenWebhook(shop)));
    const mend = async (): Promise<string> =>
      kube(['delete', 'validatingwebhookconfiguration', shop, '--ignore-not-found']);
    let mended: Promise<string> | undefined;
    try {
      const result = await optIn(release, targets, {
        onEvent: ({ event }) => {
          if (event === 'opted_in') mended ??= sleep(3000).then(mend);
        },
      });
      expect(result, result.stderr).toMatchObject({ exitCode: 0, stderr: '' });
      expect(outcomes(result.events)).toEqual([`opted_in namespace/${shop}`, `opted_in deployment/web in ${shop}`]);
    } finally {
      await mended;
      await mend();
    }
  });

  test('an API server that stays unreachable is an error with its address', async () => {
    const { folder } = await fixture.install('away', []);
    const api = makeRetryingClient({ server: 'https://127.0.0.1:1', serviceAccountDir: folder, retryMs: 1000 });
    const start = performance.now();
    await expect(api({ method: 'GET', path: '/version', what: 'get the version' })).rejects.toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      message: expect.stringMatching(/^cannot get the version: .*ECONNREFUSED/),
      where: 'https://127.0.0.1:1',
    });
    expect(performance.now() - start).toBeGreaterThan(500);
  });
});
