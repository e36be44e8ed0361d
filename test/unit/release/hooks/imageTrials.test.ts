import { describe, expect, test } from 'vitest';
import { tryImage as tryOnce } from '../../../../src/dryRun/imageTrial.ts';
import { codedError } from '../../../../src/errors.ts';
import type { PodTemplate } from '../../../../src/kubernetes/api/types.ts';
import type { ApiCall, ApiClient } from '../../../../src/release/hooks/apiClient.ts';
import { apiKubectl } from '../../../../src/release/hooks/apiKubectl.ts';
import { endless, type Ending } from '../../../../src/release/hooks/ending.ts';
import { makeImageTrials, type TriedTarget, type TryTargetImage } from '../../../../src/release/hooks/imageTrials.ts';

const podName = 'packet-capture.pc-image-trial';
const image = 'registry.example/agent:2';
const absent = { waiting: { reason: 'ErrImagePull', message: `${image}: not found` } };
const unreachable = { waiting: { reason: 'ErrImagePull', message: 'dial tcp: connection refused' } };
const well = { terminated: { exitCode: 0 } };

interface Made {
  readonly metadata: { readonly name: string };
  readonly spec: PodTemplate['spec'];
}

interface Cluster {
  readonly api: ApiClient;
  /** `shop/NAME`, those that are there. */
  readonly pods: Map<string, Made>;
  readonly created: Made[];
  readonly calls: string[];
}

/** An API server whose kubelet gives every pod this state. @param before may throw instead of an answer */
function cluster(
  stateOf: (pod: Made) => object = () => well,
  before: (call: ApiCall) => void = () => undefined,
): Cluster {
  const pods = new Map<string, Made>();
  const created: Made[] = [];
  const calls: string[] = [];
  const api: ApiClient = async (call) => {
    const { method, path, body, what } = call;
    calls.push(`${method} ${path}`);
    before(call);
    const [, namespace, name = ''] = /namespaces\/(\w+)\/pods\/?([^?]*)/.exec(path) ?? [];
    const key = `${namespace}/${method === 'POST' ? (body as Made).metadata.name : name}`;
    if (method === 'GET' && name === '') return { body: { items: [] }, warnings: [] };
    if (method === 'POST') {
      if (pods.has(key)) throw codedError('CONFLICT', `cannot ${what}: pods "${podName}" already exists`);
      pods.set(key, body as Made);
      created.push(body as Made);
      return { body: { ...body, apiVersion: 'v1', kind: 'Pod' }, warnings: [] };
    }
    const pod = pods.get(key);
    if (pod === undefined) throw codedError('NOT_FOUND', `cannot ${what}: pods "${name}" not found`);
    if (method === 'DELETE') pods.delete(key);
    return {
      body: {
        ...pod,
        spec: { ...pod.spec, nodeName: 'n1' },
        status: { containerStatuses: [{ name: 'agent', state: stateOf(pod) }] },
      },
      warnings: [],
    };
  };
  return { api, pods, created, calls };
}

interface Trials {
  readonly tryImage: TryTargetImage;
  readonly events: Readonly<Record<string, unknown>>[];
}

function trials(api: ApiClient, more: { readonly endMs?: number; readonly ending?: Ending } = {}): Trials {
  const events: Readonly<Record<string, unknown>>[] = [];
  const tryImage = makeImageTrials({
    api,
    podName,
    endMs: Infinity,
    ending: endless,
    report: (event) => events.push(event),
    ...more,
  });
  return { tryImage, events };
}

function target(name = 'web', spec: PodTemplate['spec'] = {}, namespace = 'shop'): TriedTarget {
  return {
    object: `deployment/${name} in ${namespace}`,
    namespace,
    container: { name: 'packet-capture', image },
    like: { spec },
  };
}

const named = (events: Trials['events']): unknown[] => events.map(({ event }) => event);

describe("the trial of the agent's image before a target is opted in", () => {
  test('that starts is reported once for all equal targets, and its pod is deleted', async () => {
    const { api, pods, created } = cluster();
    const { tryImage, events } = trials(api);
    const alike = {
      serviceAccountName: 'shop',
      imagePullSecrets: [{ name: 'login' }],
      nodeSelector: { arch: 'arm64' },
    };
    expect(await tryImage(target('web', alike))).toBeUndefined();
    expect(await tryImage(target('cart', alike))).toBeUndefined();
    expect(named(events)).toEqual(['trying_image', 'image_starts']);
    expect(events[1]).toMatchObject({ image, namespace: 'shop', node: 'n1', outcome: 'starts' });
    expect(created).toMatchObject([{ metadata: { name: podName }, spec: alike }]);
    expect([...pods]).toEqual([]);
  });

  test.each<[string, TriedTarget]>([
    ['namespace', target('web', {}, 'other')],
    ['service account', target('web', { serviceAccountName: 'other' })],
    ['pull secret', target('web', { imagePullSecrets: [{ name: 'other' }] })],
    ['node selector', target('web', { nodeSelector: { arch: 'arm64' } })],
  ])('is repeated for another %s', async (_, other) => {
    const { api, created } = cluster();
    const { tryImage } = trials(api);
    await tryImage(target());
    await tryImage(other);
    expect(created).toHaveLength(2);
  });

  test('that fails is made once, and the image, the reason and the remedy are reported for each target', async () => {
    const { api, pods, created } = cluster(() => absent);
    const { tryImage } = trials(api);
    const problem = {
      code: 'IMAGE_UNUSABLE',
      what: `the image ${image} cannot be started in namespace shop, on node n1: ErrImagePull: ${image}: not found`,
      remedy: expect.stringMatching(/pull secret.*hooks\.force/),
    };
    expect(await tryImage(target('web'))).toEqual(problem);
    expect(await tryImage(target('cart'))).toEqual(problem);
    expect(created).toHaveLength(1);
    expect([...pods]).toEqual([]);
  });

  test('does not wait in the next namespace for a registry that has not answered', async () => {
    let state: object = absent;
    const { api } = cluster(() => state);
    const { tryImage } = trials(api);
    await tryImage(target('web', {}, 'one'));
    state = unreachable;
    const begun = performance.now();
    expect(await tryImage(target('web', {}, 'two'))).toMatchObject({
      code: 'IMAGE_UNUSABLE',
      what: expect.stringContaining('connection refused'),
    });
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  test('a temporary error that lasts until the time is up is a failure', async () => {
    const kubectl = apiKubectl(cluster(() => unreachable).api);
    const options = {
      ...target(),
      kubectl,
      afterwards: kubectl,
      pullSecrets: [],
      admitted: true,
      timeoutSeconds: 0.3,
      report: () => undefined,
    };
    expect(await tryOnce(options)).toMatchObject({
      outcome: 'fails',
      reason: 'ErrImagePull',
      message: expect.stringContaining('connection refused'),
    });
  });

  test.each([
    ['ADMISSION_DENIED', 'pods is forbidden: exceeded quota: few'],
    ['POD_SECURITY', 'violates PodSecurity "restricted:latest"'],
    ['FORBIDDEN', 'User "hook" cannot create resource "pods"'],
  ] as const)('a trial that the namespace refuses (%s) says nothing about the sidecar', async (code, words) => {
    const { api, calls } = cluster(undefined, ({ method, what }) => {
      if (method === 'POST') throw codedError(code, `cannot ${what}: ${words}`);
    });
    const { tryImage, events } = trials(api);
    expect(await tryImage(target('web'))).toBeUndefined();
    expect(await tryImage(target('cart'))).toBeUndefined();
    expect(named(events)).toEqual(['trying_image', 'image_unknown', 'image_unknown']);
    expect(events[2]).toMatchObject({
      object: 'deployment/cart in shop',
      image,
      reason: expect.stringContaining(words),
    });
    expect(calls.filter((call) => call.startsWith('DELETE'))).toEqual([]);
  });

  test('has an unknown result if its pod is deleted by others or may not be read', async () => {
    const gone = cluster();
    gone.pods.delete = () => true;
    const deleted = trials(async (call) => {
      if (call.method === 'GET' && call.path.endsWith(podName)) gone.pods.clear();
      return gone.api(call);
    });
    expect(await deleted.tryImage(target())).toBeUndefined();
    expect(deleted.events.at(-1)).toMatchObject({
      event: 'image_unknown',
      reason: 'its pod was deleted by somebody else',
    });

    const { api, pods } = cluster(undefined, ({ method, path, what }) => {
      if (method === 'GET' && path.endsWith(podName)) throw codedError('FORBIDDEN', `cannot ${what}`);
    });
    const blind = trials(api);
    expect(await blind.tryImage(target())).toBeUndefined();
    expect(blind.events.at(-1)).toMatchObject({
      event: 'image_unknown',
      reason: 'you may not get pods in namespace shop',
    });
    expect([...pods]).toEqual([]);
  });

  test('replaces a pod that a killed hook has left', async () => {
    const { api, pods, created } = cluster();
    pods.set(`shop/${podName}`, { metadata: { name: podName }, spec: { nodeSelector: { left: 'over' } } });
    expect(await trials(api).tryImage(target())).toBeUndefined();
    expect(created).toHaveLength(1);
    expect([...pods]).toEqual([]);
  });

  test('deletes a pod when the request that created it had no answer', async () => {
    const { api, pods } = cluster();
    const lossy: ApiClient = async (call) => {
      const answer = await api(call);
      if (call.method === 'POST') throw codedError('CLUSTER_UNREACHABLE', 'no answer in time');
      return answer;
    };
    const { tryImage, events } = trials(lossy);
    expect(await tryImage(target())).toBeUndefined();
    expect(named(events)).toEqual(['trying_image', 'image_unknown']);
    expect([...pods]).toEqual([]);
  });

  test('opts nothing in when there is no time, and the message names the value', async () => {
    const { api, calls } = cluster();
    const { tryImage } = trials(api, { endMs: performance.now() + 1000 });
    expect(await tryImage(target())).toMatchObject({
      code: 'NOT_INJECTABLE',
      remedy: expect.stringContaining('hooks.activeDeadlineSeconds'),
    });
    expect(calls).toEqual([]);
  });

  test('deletes its pod after a signal, before the program ends', async () => {
    const { api, pods } = cluster(() => ({ waiting: { reason: 'ContainerCreating' } }));
    const abort = new AbortController();
    const held: Promise<unknown>[] = [];
    const ending: Ending = {
      signal: abort.signal,
      hold: async (work) => {
        held.push(work);
        return work;
      },
    };
    setTimeout(() => abort.abort(), 100);
    await expect(trials(api, { ending }).tryImage(target())).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await Promise.allSettled(held);
    expect(held).toHaveLength(1);
    expect([...pods]).toEqual([]);
  });
});
