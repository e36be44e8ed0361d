import { describe, expect, test } from 'vitest';
import {
  attachPods,
  failedToAttach,
  laterPods,
  nothingAttached,
  type AttachPodsOptions,
} from '../../../../src/captures/attach/index.ts';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { attachPod, attachWorld, type AttachWorld } from '../../../support/captures/attachWorld.ts';

function optionsFor(
  world: AttachWorld,
  more: Partial<AttachPodsOptions> = {},
): AttachPodsOptions & { lines: string[] } {
  const lines: string[] = [];
  return {
    kubectl: world.kubectl,
    target: { name: 'web-1', namespace: 'shop' },
    config: defaultSidecarConfig,
    ttl: '1h',
    dryRun: false,
    until: 'all',
    timeoutSeconds: 1,
    onWaiting: () => undefined,
    report: (line) => lines.push(line),
    lines,
    ...more,
  };
}

describe('attachPods', () => {
  test('attaches, waits, and writes an Event with the user and the reason', async () => {
    const world = attachWorld([attachPod('web-1')]);
    const options = optionsFor(world, { reason: 'slow at night' });
    const { pods, found, by, noted, fresh } = await attachPods(options);
    expect(pods).toEqual([
      { namespace: 'shop', pod: 'web-1', container: 'packet-capture', result: 'attached', reason: null, message: null },
    ]);
    expect(found.captured).toMatchObject([{ name: 'web-1', ready: true, attached: true }]);
    expect([by, await noted, [...fresh]]).toEqual(['ann', undefined, ['uid-web-1']]);
    expect(options.lines).toEqual(['shop/web-1: attached the container packet-capture']);
    expect(world.inputs.at(-1)).toMatchObject({
      items: [
        {
          reason: 'PacketCaptureAttached',
          message: 'ann attached the container packet-capture, which captures packets: slow at night',
          involvedObject: { kind: 'Pod', name: 'web-1', namespace: 'shop', uid: 'uid-web-1' },
        },
      ],
    });
    const again = await attachPods(optionsFor(world));
    expect(again.pods).toMatchObject([{ result: 'present', container: 'packet-capture' }]);
    expect(again.fresh.size).toBe(0);
  });

  test.each([
    [['patch pods/ephemeralcontainers'], 'you may not patch pods/ephemeralcontainers in namespace shop'],
    [
      ['create pods/exec', 'get pods'],
      'you may not get pods in namespace shop; you may not create pods/exec in namespace shop',
    ],
  ])('without a right (%j) nothing is changed, and the message names the right', async (missing, message) => {
    const world = attachWorld([attachPod('web-1')], { missing });
    await expect(attachPods(optionsFor(world))).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message,
      hint: expect.stringContaining('rbac.attach'),
    });
    expect(world.calls.filter((call) => call.startsWith('patch'))).toEqual([]);
  });

  test('kubectl before 1.32 needs update in place of patch, and the message says so', async () => {
    const [patch, update] = ['patch pods/ephemeralcontainers', 'update pods/ephemeralcontainers'];
    const world = attachWorld([attachPod('web-1')], { oldKubectl: true, missing: [update] });
    await expect(attachPods(optionsFor(world))).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: 'you may not update pods/ephemeralcontainers in namespace shop',
      hint: expect.stringMatching(/rbac\.attach.*kubectl 1\.32 or later.*needs patch instead of update/) as string,
    });
    expect(world.calls.filter((call) => /^(?:patch|replace)/.test(call))).toEqual([]);

    const { fresh } = await attachPods(
      optionsFor(attachWorld([attachPod('web-1')], { oldKubectl: true, missing: [patch] })),
    );
    expect(fresh.size, 'without the right to patch').toBe(1);
    expect((await attachPods(optionsFor(attachWorld([attachPod('web-1')], { missing: [update] })))).fresh.size).toBe(1);
  });

  test('asks for the right to list only where it lists; without the right to write Events it writes none', async () => {
    const world = attachWorld([attachPod('web-1')], { missing: ['list pods', 'create events'] });
    const { noted } = await attachPods(optionsFor(world));
    expect(await noted).toBe('you may not create events');
    await expect(
      attachPods(optionsFor(world, { target: { selector: 'app=web', namespace: 'shop' } })),
    ).rejects.toMatchObject({ message: 'you may not list pods in namespace shop' });
  });

  test('reports a pod that cannot have an agent and does not change it; other pods get theirs', async () => {
    const host = attachPod('host', { spec: { hostNetwork: true } });
    const sidecar = { name: 'packet-capture' };
    const injected = attachPod('injected', {
      spec: { initContainers: [sidecar] },
      status: { initContainerStatuses: [{ name: 'packet-capture', state: { running: {} } }] },
    });
    const world = attachWorld([host, injected, attachPod('web-1')]);
    const options = optionsFor(world, { target: { selector: 'app=web', namespace: 'shop' } });
    const { pods, found } = await attachPods(options);
    expect(pods.map(({ pod, result, reason }) => [pod, result, reason])).toEqual([
      ['host', 'skipped', 'host_network'],
      ['injected', 'sidecar', null],
      ['web-1', 'attached', null],
    ]);
    expect(options.lines).toContain('shop/injected: it has the sidecar, which captures, so nothing is attached');
    expect(nothingAttached(pods, found.where)).toBeUndefined();
    expect(nothingAttached(pods.slice(0, 1), 'x')).toMatchObject({
      code: 'NOT_ATTACHABLE',
      message: expect.stringMatching(/^nothing was attached: host_network: it uses the network of its node/),
      where: 'pod/host in namespace shop',
    });
  });

  test('refuses a restricted namespace with the reason, before anything is changed', async () => {
    const world = attachWorld([attachPod('web-1')], { enforced: 'restricted' });
    const { pods } = await attachPods(optionsFor(world));
    expect(nothingAttached(pods, 'x')).toMatchObject({
      code: 'POD_SECURITY',
      message: 'nothing was attached: its namespace enforces Pod Security "restricted", which forbids NET_RAW',
    });
    expect(world.calls.filter((call) => call.startsWith('patch'))).toEqual([]);
  });

  test("reports a container that does not start as failed, with the kubelet's message", async () => {
    const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image "x"' };
    const world = attachWorld([attachPod('web-1')], { starts: { waiting } });
    const options = optionsFor(world);
    const { pods, found } = await attachPods(options);
    expect(pods).toMatchObject([{ result: 'failed', container: 'packet-capture' }]);
    expect(options.lines).toContain('shop/web-1: packet-capture: ImagePullBackOff: Back-off pulling image "x"');
    expect(failedToAttach(pods, found.where)).toMatchObject({
      code: 'ATTACH_FAILED',
      message: '1 of 1 pod has no agent that runs; shop/web-1: ImagePullBackOff: Back-off pulling image "x"',
    });
  });

  test('reports a container that has not started in time as failed, and does not wait for it when others run', async () => {
    const world = attachWorld([attachPod('web-1')], { starts: { waiting: { reason: 'ContainerCreating' } } });
    const options = optionsFor(world);
    expect((await attachPods(options)).pods).toMatchObject([
      { result: 'failed', message: 'not in time: ContainerCreating' },
    ]);
    expect(options.lines).toEqual(['shop/web-1: attached the container packet-capture']);
  });

  test('writes no Event and does not wait in a dry run', async () => {
    const world = attachWorld([attachPod('web-1')]);
    const options = optionsFor(world, { dryRun: true });
    const { pods, noted } = await attachPods(options);
    expect([pods[0]?.result, await noted]).toEqual(['dry-run', undefined]);
    expect(options.lines).toEqual(['shop/web-1: would attach the container packet-capture']);
    expect(JSON.stringify(world.inputs)).not.toContain('"Event"');
  });

  test('attaches to at most the given number of pods, the first by name', async () => {
    const world = attachWorld(['web-10', 'web-2', 'web-1'].map((name) => attachPod(name)));
    const target = { selector: 'app=web', namespace: 'shop' };
    const { pods } = await attachPods(optionsFor(world, { target, most: 2 }));
    expect(pods.map(({ pod }) => pod)).toEqual(['web-1', 'web-2']);
  });
});

test('laterPods: a new pod gets an agent when it runs, up to the limit; a failure is reported once', async () => {
  const world = attachWorld([attachPod('web-1')]);
  const target = { selector: 'app=web', namespace: 'shop' };
  const options = optionsFor(world, { target });
  const { attacher, containers } = await attachPods(options);
  const lines: string[] = [];
  const find = laterPods({
    kubectl: world.kubectl,
    target,
    attacher,
    before: containers,
    most: 2,
    report: (line) => lines.push(line),
  });
  world.pods.set('web-2', attachPod('web-2', { status: { phase: 'Pending' } }));
  await find();
  expect(world.calls.filter((call) => call.startsWith('patch'))).toHaveLength(1);
  world.pods.set('web-2', attachPod('web-2'));
  world.pods.set('web-3', attachPod('web-3'));
  await find();
  const found = await find();
  expect(found.captured.map(({ name }) => name)).toEqual(['web-1', 'web-2']);
  const broken = [{ name: 'packet-capture', state: { waiting: { reason: 'ErrImageNeverPull', message: 'no' } } }];
  const second = world.pods.get('web-2') ?? attachPod('web-2');
  world.pods.set('web-2', { ...second, status: { ...second.status, ephemeralContainerStatuses: broken } });
  await find();
  await find();
  expect(lines).toEqual(['shop/web-2: packet-capture: ErrImageNeverPull: no']);
});

test('laterPods: a container that has ended by its time gets a successor, once; one that has failed gets none', async () => {
  const world = attachWorld([attachPod('web-1'), attachPod('web-2')]);
  const target = { selector: 'app=web', namespace: 'shop' };
  const { attacher, containers } = await attachPods(optionsFor(world, { target }));
  const options = { kubectl: world.kubectl, target, attacher, before: containers, most: 9, report: () => undefined };
  const find = laterPods(options);
  const ends = (name: string, exitCode: number): void => {
    const pod = world.pods.get(name) ?? attachPod(name);
    const all = (pod.spec?.['ephemeralContainers'] ?? []) as readonly { readonly name: string }[];
    const statuses = all.map((container) => ({ name: container.name, state: { terminated: { exitCode } } }));
    world.pods.set(name, { ...pod, status: { ...pod.status, ephemeralContainerStatuses: statuses } });
  };
  ends('web-1', 0);
  ends('web-2', 137);
  await find();
  expect((await find()).captured).toMatchObject([{ name: 'web-1', container: 'packet-capture-2' }]);
  ends('web-1', 0);
  await find();
  expect((await find()).captured).toEqual([]);
});
