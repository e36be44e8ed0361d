import { describe, expect, test, vi } from 'vitest';
import { addContainer, type AddOptions } from '../../../../src/captures/attach/addContainer.ts';
import type { Pod } from '../../../../src/kubernetes/api/types.ts';
import { makeKubectl } from '../../../../src/kubernetes/kubectl.ts';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { attachPod, attachWorld, type AttachWorld } from '../../../support/captures/attachWorld.ts';

const options = (world: AttachWorld): AddOptions => ({
  kubectl: world.kubectl,
  config: defaultSidecarConfig,
  ttl: '1h',
  podSecurity: 'privileged',
  dryRun: false,
});

function containersIn({ spec }: Pod): readonly string[] {
  return ((spec?.['ephemeralContainers'] ?? []) as readonly { name: string }[]).map(({ name }) => name);
}

test('a hundred calls at the same moment add one container, and the other calls find it', async () => {
  const pod = attachPod('web-1');
  const world = attachWorld([pod]);
  const added = await Promise.all(Array.from({ length: 100 }, async () => addContainer(options(world), pod)));
  const kinds = added.map(({ plan }) => plan.kind);
  expect(kinds.filter((kind) => kind === 'attach')).toHaveLength(1);
  expect(kinds.filter((kind) => kind === 'present')).toHaveLength(99);
  expect(containersIn(world.pods.get('web-1') as Pod)).toEqual(['packet-capture']);
});

test('containers of other users stay, and the patch is sent to the subresource ephemeralcontainers', async () => {
  const pod = attachPod('web-1', { spec: { ephemeralContainers: [{ name: 'debugger' }] } });
  const world = attachWorld([pod]);
  await addContainer(options(world), pod);
  expect(containersIn(world.pods.get('web-1') as Pod)).toEqual(['debugger', 'packet-capture']);
  expect(world.calls).toEqual([
    expect.stringMatching(/^patch pod\/web-1 --namespace shop --subresource=ephemeralcontainers --type=json /),
  ]);
});

describe('with kubectl before 1.32, which cannot patch ephemeral containers', () => {
  const old = { oldKubectl: true };

  test('the whole pod is sent to their path, and containers of other users stay', async () => {
    const pod = attachPod('web-1', { spec: { ephemeralContainers: [{ name: 'debugger' }] } });
    const world = attachWorld([pod], old);
    expect((await addContainer(options(world), pod)).plan.kind).toBe('attach');
    expect(containersIn(world.pods.get('web-1') as Pod)).toEqual(['debugger', 'packet-capture']);
    expect(world.calls.at(-1)).toMatch(
      /^replace --raw=\/api\/v1\/namespaces\/shop\/pods\/web-1\/ephemeralcontainers\?fieldManager=packet-capture --filename /,
    );
  });

  test('its words are understood, and not shown, also when it ends only some time after them', async () => {
    const shown = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const kubectl = makeKubectl({ program: 'test/fixtures/running/oldKubectl.sh' });
    const pod = attachPod('web-1');
    expect((await addContainer({ ...options(attachWorld([pod])), kubectl }, pod)).plan.kind).toBe('attach');
    expect(shown).not.toHaveBeenCalled();
    shown.mockRestore();
  });

  test('of many calls at the same moment one adds the container', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const pod = attachPod('web-1');
    const world = attachWorld([pod], old);
    const added = await Promise.all(Array.from({ length: 20 }, async () => addContainer(options(world), pod)));
    expect(added.filter(({ plan }) => plan.kind === 'attach')).toHaveLength(1);
    expect(containersIn(world.pods.get('web-1') as Pod)).toEqual(['packet-capture']);
  });

  test('a dry run stores nothing', async () => {
    const pod = attachPod('web-1');
    const world = attachWorld([pod], old);
    await addContainer({ ...options(world), dryRun: true }, pod);
    expect(world.calls.at(-1)).toContain('&dryRun=All');
    expect(containersIn(world.pods.get('web-1') as Pod)).toEqual([]);
  });

  test('the level that the cluster enforces is learned from the refusal', async () => {
    const pod = attachPod('web-1');
    const world = attachWorld([pod], { ...old, enforced: 'baseline' });
    expect((await addContainer(options(world), pod)).plan.kind).toBe('attach');
    expect(containersIn(world.pods.get('web-1') as Pod)).toEqual(['packet-capture']);
  });

  test('without the right to update, the error names both ways', async () => {
    const world = attachWorld([attachPod('web-1')], { ...old, missing: ['update pods/ephemeralcontainers'] });
    await expect(addContainer(options(world), attachPod('web-1'))).rejects.toMatchObject({
      code: 'REQUIREMENT_MISSING',
      hint: expect.stringMatching(/kubectl 1\.32 or later.*update pods\/ephemeralcontainers/) as string,
    });
    expect(containersIn(world.pods.get('web-1') as Pod)).toEqual([]);
  });
});

test('a pod that changes all the time is read again a limited number of times, and then there is an error', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const pod = attachPod('web-1');
  const world = attachWorld([pod], { disturbances: 3 });
  expect((await addContainer(options(world), pod)).plan.kind).toBe('attach');
  expect(world.calls.filter((call) => call.startsWith('get pod/web-1'))).toHaveLength(3);
  const restless = attachWorld([pod], { disturbances: 1000 });
  await expect(addContainer(options(restless), pod)).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(containersIn(restless.pods.get('web-1') as Pod)).toEqual([]);
});

test('another pod of the same name is not changed', async () => {
  const world = attachWorld([{ ...attachPod('web-1'), metadata: { ...attachPod('web-1').metadata, uid: 'other' } }]);
  await expect(addContainer(options(world), attachPod('web-1'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(containersIn(world.pods.get('web-1') as Pod)).toEqual([]);
});

test.each([
  ['baseline', { kind: 'attach' }, ['packet-capture']],
  ['restricted', { kind: 'skip', reason: 'pod_security_restricted' }, []],
] as const)('a level that no label shows (%s) is learned from the refusal', async (enforced, plan, containers) => {
  const pod = attachPod('web-1');
  const world = attachWorld([pod], { enforced });
  for (const podSecurity of ['privileged', undefined] as const) {
    world.pods.set('web-1', pod);
    expect((await addContainer({ ...options(world), podSecurity }, pod)).plan).toMatchObject(plan);
    expect(containersIn(world.pods.get('web-1') as Pod)).toEqual(containers);
  }
});

test('a dry run stores nothing', async () => {
  const pod = attachPod('web-1');
  const world = attachWorld([pod]);
  expect((await addContainer({ ...options(world), dryRun: true }, pod)).plan.kind).toBe('attach');
  expect(world.calls.join(' ')).toContain('--dry-run=server');
  expect(containersIn(world.pods.get('web-1') as Pod)).toEqual([]);
});
