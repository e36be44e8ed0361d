import { afterAll, describe, expect, test } from 'vitest';
import { pauseImage } from '../../scripts/cluster/nodeConfig.ts';
import { addSidecar } from '../../src/ways/patch/addSidecar.ts';
import { removeSidecar } from '../../src/ways/patch/removeSidecar.ts';
import { kube } from '../support/cluster/clusterFixture.ts';
import { until } from '../support/cluster/oneTruth/until.ts';
import { create, patchFixture, stored, workload } from '../support/cluster/patchFixture.ts';

const { at, shop } = patchFixture();

test('the rest of a sidecar is reported, and unpatch removes it', async () => {
  const ghost = workload('Deployment', 'ghost', { replicas: 0 });
  const half = workload('Deployment', 'half', { replicas: 0 });
  await create(shop, ghost, half);
  const add = async (name: string, template: object): Promise<unknown> =>
    kube(['patch', '-n', shop, `deploy/${name}`, '--type=merge', '-p', JSON.stringify({ spec: { template } })]);
  const agent = { name: 'packet-capture', image: 'packet-capture/agent:0.1.0', restartPolicy: 'Always' };
  await add('ghost', {
    metadata: { annotations: { 'packet-capture/status': '{"version":"0.1.0","containers":["app"],"volumes":[]}' } },
  });
  await add('half', { spec: { initContainers: [agent] } });
  for (const [name, reason] of [
    ['ghost', 'foreign_status'],
    ['half', 'status_missing'],
  ] as const) {
    await expect(addSidecar(at(`deploy/${name}`).options)).rejects.toMatchObject({
      code: 'NOT_INJECTABLE',
      message: expect.stringContaining(`(${reason})`),
      hint: expect.stringContaining(`packet-capture unpatch deployment/${name} --namespace ${shop}`),
    });
    expect(await removeSidecar(at(`deploy/${name}`).options)).toMatchObject({ result: 'unpatched' });
    expect((await stored(shop, `deploy/${name}`)).spec.template.spec).toMatchObject({ containers: [{ name: 'app' }] });
    expect(await addSidecar(at(`deploy/${name}`).options)).toMatchObject({ result: 'patched' });
  }
});

describe('a custom resource with a pod template', () => {
  const any = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const list = (items: object): object => ({ type: 'array', items });
  const old = { type: 'object', properties: { name: { type: 'string' }, image: { type: 'string' } } };
  /** With what its pod template's metadata and init containers are. */
  const definition = (metadata: object, initContainer: object): object => {
    const spec = {
      type: 'object',
      properties: { containers: list(any), initContainers: list(initContainer), volumes: list(any) },
    };
    const template = { type: 'object', properties: { metadata, spec } };
    const schema = { type: 'object', properties: { spec: { type: 'object', properties: { template } } } };
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'rollouts.argoproj.io' },
      spec: {
        group: 'argoproj.io',
        scope: 'Namespaced',
        names: { kind: 'Rollout', plural: 'rollouts', singular: 'rollout' },
        versions: [{ name: 'v1alpha1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
    };
  };
  const define = async (metadata: object, initContainer: object): Promise<void> => {
    await kube(['apply', '-f', '-'], JSON.stringify(definition(metadata, initContainer)));
    await kube(['wait', 'crd/rollouts.argoproj.io', '--for=condition=Established', '--timeout=240s']);
  };
  const rollout = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: shop },
    spec: {
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: pauseImage }] } },
    },
  };

  afterAll(async () => kube(['delete', 'crd', 'rollouts.argoproj.io', '--ignore-not-found', '--wait=false']));

  test('is patched if its schema keeps a native sidecar, and refused if it does not', async () => {
    await define(any, any);
    await until('the API server knows the kind', async () =>
      kube(['apply', '-f', '-'], JSON.stringify(rollout)).then(
        () => true,
        () => false,
      ),
    );
    const before = await stored(shop, 'rollout/web');
    expect(await addSidecar(at('rollout/web').options)).toMatchObject({
      result: 'patched',
      restarts: expect.stringContaining('its own controller (argoproj.io/v1alpha1)'),
    });
    expect((await stored(shop, 'rollout/web')).spec.template.spec.initContainers).toMatchObject([
      { name: 'packet-capture', restartPolicy: 'Always' },
    ]);
    expect(await removeSidecar(at('rollout/web').options)).toMatchObject({ result: 'unpatched' });
    expect((await stored(shop, 'rollout/web')).spec).toEqual(before.spec);

    const refused = async (): Promise<unknown> =>
      addSidecar(at('rollout/web').options).catch((error: unknown) => error);
    await define(any, old);
    await until('the old schema counts', async () => /restartPolicy/.test(String(await refused())) || unpatched());
    expect(await refused()).toMatchObject({
      code: 'NOT_INJECTABLE',
      message: expect.stringContaining('restartPolicy'),
      hint: expect.stringContaining('CustomResourceDefinition'),
    });
    await define({ type: 'object' }, any);
    await until(
      'the schema without metadata counts',
      async () => /annotation/.test(String(await refused())) || unpatched(),
    );
    expect(await refused()).toMatchObject({
      code: 'NOT_INJECTABLE',
      message: expect.stringContaining('packet-capture/status'),
    });
    expect((await stored(shop, 'rollout/web')).spec.template.spec.initContainers ?? []).toEqual([]);
  });

  /** Undoes what an API server let through that had not seen the schema yet. */
  async function unpatched(): Promise<false> {
    await removeSidecar(at('rollout/web').options);
    return false;
  }
});
