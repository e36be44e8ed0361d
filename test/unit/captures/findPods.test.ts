import { describe, expect, test } from 'vitest';
import { findPods } from '../../../src/captures/findPods.ts';
import type { Pod } from '../../../src/kubernetes/api/types.ts';
import type { Kubectl } from '../../../src/kubernetes/kubectl.ts';
import { platformOf } from '../../../src/settings/index.ts';

const running = { running: {} };
const sidecar = { name: 'packet-capture', image: 'agent', restartPolicy: 'Always' };

function pod(name: string, changed: { spec?: object; status?: object; metadata?: object } = {}): Pod {
  return {
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, ...changed.metadata },
    spec: { nodeName: 'node0', containers: [{ name: 'app' }], initContainers: [sidecar], ...changed.spec },
    status: {
      phase: 'Running',
      initContainerStatuses: [{ name: 'packet-capture', state: running }],
      ...changed.status,
    },
  };
}

const bare = { spec: { initContainers: [] } };
const finished = { status: { phase: 'Succeeded', initContainerStatuses: [] } };

/** Answers by what is asked for; notes the questions down. */
function cluster(answers: Readonly<Record<string, unknown>>): { readonly kubectl: Kubectl; readonly asked: string[] } {
  const asked: string[] = [];
  const kubectl: Kubectl = async (args) => {
    if (args[0] === 'config') return { stdout: 'shop', stderr: '' };
    asked.push(args.join(' '));
    // Lists are read by their path.
    const key = args[1] === '--raw' ? (/([a-z]+)\?/.exec(args[2] ?? '')?.[1] ?? '') : (args[1] ?? '');
    expect(answers, `an answer for ${key}`).toHaveProperty([key]);
    return { stdout: JSON.stringify(answers[key]), stderr: '' };
  };
  return { kubectl, asked };
}

describe('findPods', () => {
  test('of a workload returns the pods of its selector, with and without the sidecar and not the ended ones, sorted by number', async () => {
    const { kubectl, asked } = cluster({
      'deploy/web': {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: 'shop' },
        spec: { selector: { matchLabels: { app: 'web' } } },
      },
      pods: { items: [pod('web-10'), pod('web-2'), pod('web-1', bare), pod('web-0', finished)] },
    });
    const found = await findPods(kubectl, { name: 'deploy/web' });
    expect(found.captured.map(({ name }) => name)).toEqual(['web-2', 'web-10']);
    expect(found.captured[0]).toEqual({
      namespace: 'shop',
      name: 'web-2',
      uid: 'uid-web-2',
      container: 'packet-capture',
      phase: 'Running',
      node: 'node0',
      annotations: {},
      defaults: {},
      platform: platformOf({}),
      volumeBytes: undefined,
      mirrors: false,
      ready: true,
      deleting: false,
    });
    expect(found.without).toEqual([{ namespace: 'shop', name: 'web-1' }]);
    expect(found.where).toBe('deployment/web in namespace shop');
    expect(asked).toEqual([
      'get deploy/web -o json',
      'get --raw /api/v1/namespaces/shop/pods?limit=250&labelSelector=app%3Dweb',
    ]);
  });

  test('a name without a type is a pod, also one that is being deleted', async () => {
    const { kubectl } = cluster({
      'pod/web-0': { apiVersion: 'v1', kind: 'Pod', ...pod('web-0', { metadata: { deletionTimestamp: 'now' } }) },
    });
    const { captured, ended } = await findPods(kubectl, { name: 'web-0' });
    expect(captured).toMatchObject([{ name: 'web-0', phase: 'Running', ready: true, deleting: true }]);
    expect(ended).toBeUndefined();
  });

  const job = (type: string): object => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'import', namespace: 'shop' },
    spec: { selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'x' } } },
    status: { conditions: [{ type, status: 'True' }] },
  });

  test.each<
    [string, { readonly name?: string; readonly selector?: string }, Readonly<Record<string, unknown>>, string]
  >([
    [
      'a pod',
      { name: 'web-0' },
      { 'pod/web-0': { apiVersion: 'v1', kind: 'Pod', ...pod('web-0', finished) } },
      'pod/web-0 has completed; its files are gone',
    ],
    [
      'a Job',
      { name: 'job/import' },
      { 'job/import': job('Complete'), pods: { items: [pod('import-1', finished)] } },
      'job/import has completed; its files are gone',
    ],
    [
      'a Job whose pods were removed',
      { name: 'job/import' },
      { 'job/import': job('Complete'), pods: { items: [] } },
      'job/import has completed; its files are gone',
    ],
    [
      'a Job that failed',
      { name: 'job/import' },
      { 'job/import': job('Failed'), pods: { items: [] } },
      'job/import has failed; its files are gone',
    ],
    [
      'labels',
      { selector: 'app=web' },
      { pods: { items: [pod('a', finished), pod('b', { status: { phase: 'Failed' } })] } },
      'all 2 pods have ended; their files went with them',
    ],
  ])('%s that has ended is reported as ended', async (_, target, answers, text) => {
    const { captured, ended } = await findPods(cluster(answers).kubectl, target);
    expect({ captured, ended }).toEqual({ captured: [], ended: text });
  });

  test('of a CronJob are the pods of its jobs', async () => {
    const owner = (kind: string, name: string): object => ({
      ownerReferences: [{ apiVersion: 'batch/v1', kind, name, controller: true }],
    });
    const { kubectl } = cluster({
      'cronjob/night': { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'night', namespace: 'shop' } },
      jobs: {
        items: [
          { metadata: { name: 'night-1', ...owner('CronJob', 'night') } },
          { metadata: { name: 'other-1', ...owner('CronJob', 'other') } },
        ],
      },
      pods: {
        items: [
          pod('night-1-a', { metadata: owner('Job', 'night-1') }),
          pod('other-1-a', { metadata: owner('Job', 'other-1') }),
          pod('web'),
        ],
      },
    });
    expect((await findPods(kubectl, { name: 'cronjob/night' })).captured.map(({ name }) => name)).toEqual([
      'night-1-a',
    ]);
  });

  test('without a target all captured pods are found; pods without the sidecar are not reported', async () => {
    const { kubectl, asked } = cluster({ pods: { items: [pod('a'), pod('b', bare)] } });
    expect(await findPods(kubectl, { allNamespaces: true })).toMatchObject({
      captured: [{ name: 'a' }],
      without: [],
      where: 'all pods in all namespaces',
    });
    expect(asked).toEqual(['get --raw /api/v1/pods?limit=250']);
    expect((await findPods(kubectl, { selector: 'app in (a,b)' })).without).toEqual([{ namespace: 'shop', name: 'b' }]);
    expect(asked[1]).toBe('get --raw /api/v1/namespaces/shop/pods?limit=250&labelSelector=app+in+%28a%2Cb%29');
  });

  test('the pod has the container that mirrors, or does not', async () => {
    const { kubectl } = cluster({
      pods: { items: [pod('a', { spec: { initContainers: [sidecar, { name: 'packet-capture-mirror' }] } }), pod('b')] },
    });
    expect((await findPods(kubectl, {})).captured).toMatchObject([
      { name: 'a', mirrors: true },
      { name: 'b', mirrors: false },
    ]);
  });

  const agent = { command: ['/usr/bin/packet-capture-agent', 'run', '--attached'] };

  test("the last attached agent of a pod counts too, without the pod's annotations", async () => {
    const attached = pod('a', {
      metadata: { annotations: { 'packet-capture/filter': 'port 80' } },
      spec: {
        initContainers: [],
        ephemeralContainers: [
          { name: 'debugger' },
          { name: 'packet-capture', ...agent },
          { name: 'packet-capture-2', ...agent, env: [{ name: 'PACKET_CAPTURE_STATE', value: 'idle' }] },
        ],
      },
      status: {
        ephemeralContainerStatuses: [
          { name: 'packet-capture', state: { terminated: {} } },
          { name: 'packet-capture-2', state: running },
        ],
      },
    });
    const { kubectl } = cluster({ pods: { items: [attached] } });
    expect((await findPods(kubectl, {})).captured).toMatchObject([
      { container: 'packet-capture-2', ready: true, attached: true, annotations: {}, defaults: { state: 'idle' } },
    ]);
  });

  test('an attached agent that has ended is reported and does not count; nor does another container of that name', async () => {
    const terminated = [{ name: 'packet-capture', state: { terminated: { exitCode: 0 } } }];
    const over = pod('a', {
      spec: { initContainers: [], ephemeralContainers: [{ name: 'packet-capture', ...agent }] },
      status: { initContainerStatuses: [], ephemeralContainerStatuses: terminated },
    });
    const foreign = pod('b', { spec: { initContainers: [], ephemeralContainers: [{ name: 'packet-capture' }] } });
    const { kubectl } = cluster({ pods: { items: [over, foreign] } });
    const found = await findPods(kubectl, { selector: 'app=web' });
    expect(found.captured).toEqual([]);
    expect(found.without).toEqual([
      { namespace: 'shop', name: 'a', ended: true },
      { namespace: 'shop', name: 'b' },
    ]);
  });

  test.each([
    { name: 'web', selector: 'app=web' },
    { name: 'web', allNamespaces: true },
    { selector: ' ' },
    { name: 'deploy/web,db' },
    { name: '-l' },
  ])('%o is wrong usage, and nothing is read', async (target) => {
    const { kubectl, asked } = cluster({});
    await expect(findPods(kubectl, target)).rejects.toMatchObject({ code: 'USAGE' });
    expect(asked).toEqual([]);
  });

  test('an object that selects no pods is refused', async () => {
    const { kubectl } = cluster({ 'cm/a': { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } } });
    await expect(findPods(kubectl, { name: 'cm/a' })).rejects.toMatchObject({ code: 'KIND_UNSUPPORTED' });
  });
});
