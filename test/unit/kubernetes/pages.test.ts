import { expect, test } from 'vitest';
import { codedError } from '../../../src/errors.ts';
import type { Kubectl } from '../../../src/kubernetes/kubectl.ts';
import { currentNamespace } from '../../../src/kubernetes/namespace.ts';
import { listPath, readPages, readUpTo, type ListedObject } from '../../../src/kubernetes/pages.ts';
import { createSlimmer } from '../../../src/kubernetes/slim.ts';

interface Server {
  readonly kubectl: Kubectl;
  readonly asked: string[];
}

/**
 * An API server with so many pods.
 * @param fails throws in place of an answer
 */
function server(count: number, fails: (limit: number, from: number, call: number) => void = () => undefined): Server {
  const asked: string[] = [];
  const kubectl: Kubectl = async (args) => {
    const url = new URL(args[2] ?? '', 'http://api');
    const limit = Number(url.searchParams.get('limit'));
    const from = Number(url.searchParams.get('continue') ?? 0);
    asked.push(`${from}+${limit}`);
    fails(limit, from, asked.length);
    const items = Array.from({ length: Math.min(limit, count - from) }, (_, index) => ({
      metadata: { name: `web-${from + index}` },
    }));
    const next = from + limit < count ? { continue: String(from + limit) } : {};
    return { stdout: JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: next, items }), stderr: '' };
  };
  return { kubectl, asked };
}

const nameOf = ({ metadata }: ListedObject): string => metadata.name;

test('a list is read page by page, and each object gets its kind', async () => {
  const { kubectl, asked } = server(600);
  const names = await readPages(kubectl, { kind: 'pods', namespace: undefined }, nameOf);
  expect(new Set(names).size).toBe(600);
  expect(asked).toEqual(['0+250', '250+250', '500+250']);
  expect(await readPages(server(1).kubectl, { kind: 'pods', namespace: 'shop' }, (object) => object)).toEqual([
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-0' } },
  ]);
  expect(
    await readPages(server(3).kubectl, { kind: 'pods', namespace: 'shop' }, (object) =>
      nameOf(object) === 'web-1' ? 'it' : undefined,
    ),
  ).toEqual(['it']);
});

test('large objects are read in smaller pages', async () => {
  const { kubectl, asked } = server(700, (limit) => {
    if (limit > 100) throw codedError('ANSWER_TOO_LARGE', 'too large');
  });
  expect(await readPages(kubectl, { kind: 'pods', namespace: undefined }, nameOf)).toHaveLength(700);
  expect(asked.slice(0, 3)).toEqual(['0+250', '0+32', '32+32']);
  const never = server(3, () => {
    throw codedError('ANSWER_TOO_LARGE', 'too large');
  });
  await expect(readPages(never.kubectl, { kind: 'pods', namespace: undefined }, nameOf)).rejects.toMatchObject({
    code: 'ANSWER_TOO_LARGE',
  });
});

test('when a page has expired, the list is read from the beginning, without duplicates', async () => {
  const once = server(1200, (_, __, call) => {
    if (call === 2)
      throw codedError('LIST_EXPIRED', 'Error from server (Expired): The provided continue parameter is too old');
  });
  expect(await readPages(once.kubectl, { kind: 'pods', namespace: undefined }, nameOf)).toHaveLength(1200);
  const always = server(1200, (_, from) => {
    if (from > 0) throw codedError('LIST_EXPIRED', 'gone');
  });
  await expect(readPages(always.kubectl, { kind: 'pods', namespace: undefined }, nameOf)).rejects.toMatchObject({
    code: 'LIST_EXPIRED',
  });
  expect(always.asked).toHaveLength(6);
});

test('a very long list is read up to a limit, and the result says whether it is complete', async () => {
  const many = server(100_000);
  const some = await readUpTo(
    many.kubectl,
    { kind: 'events', namespace: undefined, fieldSelector: 'reason=FailedCreate' },
    600,
    nameOf,
  );
  expect([some.kept.length, some.complete, many.asked]).toEqual([600, false, ['0+250', '250+250', '500+100']]);
  // The bound is on what is read, not on what is kept.
  const none = server(100_000);
  expect(await readUpTo(none.kubectl, { kind: 'pods', namespace: 'shop' }, 500, () => undefined)).toEqual({
    kept: [],
    complete: false,
  });
  expect(none.asked).toHaveLength(2);
  const few = await readUpTo(server(600).kubectl, { kind: 'pods', namespace: 'shop' }, 600, nameOf);
  expect([few.kept.length, few.complete]).toEqual([600, true]);
});

test('the path of a page', () => {
  expect(listPath({ kind: 'events', namespace: 'shop', fieldSelector: 'type=Warning' }, 9, '')).toBe(
    '/api/v1/namespaces/shop/events?limit=9&fieldSelector=type%3DWarning',
  );
  expect(listPath({ kind: 'pods', namespace: 'shop', labelSelector: 'app=web,tier!=db' }, 500, 'a+b/c=')).toBe(
    '/api/v1/namespaces/shop/pods?limit=500&labelSelector=app%3Dweb%2Ctier%21%3Ddb&continue=a%2Bb%2Fc%3D',
  );
  expect(listPath({ kind: 'cronjobs', namespace: undefined }, 1, '')).toBe('/apis/batch/v1/cronjobs?limit=1');
  expect(listPath({ kind: 'namespaces', namespace: 'shop' }, 1, '')).toBe('/api/v1/namespaces?limit=1');
});

test('the namespace of the context is read once', async () => {
  let calls = 0;
  const kubectl: Kubectl = async () => {
    calls += 1;
    return { stdout: 'shop', stderr: '' };
  };
  expect([await currentNamespace(kubectl), await currentNamespace(kubectl), calls]).toEqual(['shop', 'shop', 1]);
  expect(await currentNamespace(async () => ({ stdout: '', stderr: '' }))).toBe('default');
  const none: Kubectl = async () => {
    throw codedError('CLUSTER_UNREACHABLE', 'error: current-context must exist in order to minify');
  };
  expect(await currentNamespace(none)).toBe('default');
});

function podOf(index: number): ListedObject {
  const mount = { name: `kube-api-access-${String(index).padStart(5, 'a')}`, mountPath: '/var/run/secrets' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `web-${index}`,
      managedFields: [{ manager: 'kubelet' }],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{…}', 'packet-capture/inject': 'true' },
    },
    spec: {
      nodeName: `node-${index}`,
      containers: [{ name: 'app', env: [{ name: 'A', value: 'b' }], volumeMounts: [mount] }],
      volumes: [{ name: mount.name, projected: {} }],
    },
    status: {
      phase: 'Running',
      podIP: `10.0.0.${index}`,
      containerStatuses: [
        {
          name: 'app',
          ready: true,
          containerID: `containerd://${index}`,
          state: { running: { startedAt: `${index}` } },
        },
      ],
    },
  };
}

test('listed objects are kept without unused fields, and equal parts are shared', () => {
  const slim = createSlimmer();
  const [one, other] = [slim<Record<string, any>>(podOf(1)), slim<Record<string, any>>(podOf(2))] as const; // oxlint-disable-line typescript/no-explicit-any
  expect(one).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-1', annotations: { 'packet-capture/inject': 'true' } },
    spec: {
      nodeName: 'node-1',
      containers: [
        {
          name: 'app',
          env: [{ name: 'A', value: 'b' }],
          volumeMounts: [{ name: 'kube-api-access', mountPath: '/var/run/secrets' }],
        },
      ],
      volumes: [{ name: 'kube-api-access', projected: {} }],
    },
    status: { phase: 'Running', containerStatuses: [{ name: 'app', ready: true, state: { running: {} } }] },
  });
  expect(other['spec'].containers[0]).toBe(one['spec'].containers[0]);
  expect(other['status'].containerStatuses[0]).toBe(one['status'].containerStatuses[0]);
  expect(other['spec'].nodeName).toBe('node-2');
});
