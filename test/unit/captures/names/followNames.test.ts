import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { followNames, readNaming, type LiveNames } from '../../../../src/captures/names/index.ts';
import { codedError } from '../../../../src/errors.ts';
import type { Kubectl, KubectlEnd, KubectlStart } from '../../../../src/kubernetes/kubectl.ts';
import type { Naming } from '../../../../src/pcapng/index.ts';
import { packetBetween } from '../../../support/pcapng/addressedPacket.ts';

const pod = (name: string, ip: string, version = '5', more: object = {}): object => ({
  metadata: { name, namespace: 'shop', uid: name, resourceVersion: version },
  spec: { nodeName: 'one' },
  status: { phase: 'Running', podIP: ip, hostIP: '10.9.0.1', ...more },
});
const service = (name: string, ip: string): object => ({
  metadata: { name, namespace: 'shop', uid: name },
  spec: { clusterIP: ip },
});
const node = { metadata: { name: 'one' }, status: { addresses: [{ type: 'InternalIP', address: '10.9.0.1' }] } };

interface Cluster {
  readonly kubectl: Kubectl;
  readonly start: KubectlStart;
  /** Paths without their query. */
  readonly asked: string[];
  readonly watches: {
    readonly from: string;
    send: (event: object) => void;
    end: (end?: Partial<KubectlEnd>) => void;
  }[];
  /** By path: objects, or the code of an error. */
  readonly answers: Record<string, readonly object[] | 'FORBIDDEN' | 'CLUSTER_UNREACHABLE'>;
}

/** An API server in memory. */
function cluster(answers: Cluster['answers']): Cluster {
  const asked: string[] = [];
  const watches: Cluster['watches'] = [];
  const kubectl: Kubectl = async (args) => {
    const { pathname } = new URL(args[2] ?? '', 'http://api');
    asked.push(pathname);
    const answer = answers[pathname] ?? [];
    if (typeof answer === 'string') throw codedError(answer, `${answer} ${pathname}`);
    return { stdout: JSON.stringify({ metadata: { resourceVersion: '4' }, items: answer }), stderr: '' };
  };
  const start: KubectlStart = (args) => {
    const stdout = new PassThrough();
    const ended = Promise.withResolvers<KubectlEnd>();
    const end = (how: Partial<KubectlEnd> = {}): void => {
      stdout.end();
      ended.resolve({ code: 0, stderr: '', ...how });
    };
    watches.push({
      from: new URL(args[2] ?? '', 'http://api').searchParams.get('resourceVersion') ?? '',
      send: (event) => stdout.write(`${JSON.stringify(event)}\n`),
      end,
    });
    return { stdout, ended: ended.promise, kill: () => end() };
  };
  return { kubectl, start, asked, watches, answers };
}

function follow({ kubectl, start }: Cluster): LiveNames & { readonly notes: string[] } {
  const notes: string[] = [];
  const names = followNames({
    connect: () => kubectl,
    start,
    namespaces: async () => ['shop'],
    onNote: (note) => notes.push(note),
  });
  return { ...names, notes };
}

/** The names that come before a packet between two addresses. */
const names = (naming: Naming, source: string, destination: string): string[] =>
  naming.before(packetBetween(source, destination), 1n).map((one) => `${one.address}=${one.names.join()}`);

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 8000; !holds(); await sleep(10))
    expect(performance.now(), what).toBeLessThan(end);
}

const whole = (): Cluster =>
  cluster({
    '/api/v1/pods': [pod('web-1', '10.0.0.1')],
    '/api/v1/services': [service('web', '10.96.0.7')],
    '/api/v1/nodes': [node],
  });

test('names are read once, then pods are watched: one that comes, one that goes, one that ends', async () => {
  const api = whole();
  const { naming, ready, end, notes } = follow(api);
  await ready;
  expect(names(naming, '10.0.0.1', '10.96.0.7')).toEqual(['10.0.0.1=shop/web-1', '10.96.0.7=shop/web.svc']);
  expect(names(naming, '10.9.0.1', '10.0.0.2')).toEqual(['10.9.0.1=node/one']);
  await until('a watch', () => api.watches.length === 1);
  const [watch] = api.watches;
  expect(watch?.from).toBe('4');
  watch?.send({ type: 'ADDED', object: pod('web-2', '10.0.0.2') });
  watch?.send({ type: 'DELETED', object: pod('web-1', '10.0.0.1') });
  const seen: string[] = [];
  await until('the changes', () => seen.push(...names(naming, '10.0.0.2', '10.0.0.1')) >= 2);
  expect(seen.toSorted()).toEqual(['10.0.0.1=10.0.0.1', '10.0.0.2=shop/web-2']);
  watch?.send({ type: 'MODIFIED', object: pod('web-2', '10.0.0.2', '9', { phase: 'Succeeded' }) });
  await until('the end of web-2', () => seen.push(...names(naming, '10.0.0.2', '10.0.0.1')) >= 3);
  expect(seen.at(-1)).toBe('10.0.0.2=10.0.0.2');
  expect(notes).toEqual([]);
  await end();
  expect(api.watches).toHaveLength(1);
});

test('a watch that the API server ends goes on where it was; after an error the list is read again', async () => {
  const api = whole();
  const { naming, ready, end } = follow(api);
  await ready;
  await until('a watch', () => api.watches.length === 1);
  api.watches[0]?.send({ type: 'BOOKMARK', object: { kind: 'Pod', metadata: { resourceVersion: '77' } } });
  await sleep(20);
  api.watches[0]?.end();
  await until('the next watch', () => api.watches.length === 2);
  expect(api.watches[1]?.from).toBe('77');
  expect(names(naming, '10.0.0.1', '10.0.0.9')).toEqual(['10.0.0.1=shop/web-1']);
  // What is gone, and what has come, while nobody watched.
  api.answers['/api/v1/pods'] = [pod('web-3', '10.0.0.3')];
  api.watches[1]?.send({ type: 'ERROR', object: { code: 410, message: 'too old' } });
  await until('the third watch', () => api.watches.length === 3);
  expect(api.watches[2]?.from).toBe('4');
  expect(names(naming, '10.0.0.3', '10.0.0.9').toSorted()).toEqual(['10.0.0.1=10.0.0.1', '10.0.0.3=shop/web-3']);
  await end();
});

test('who may not list the cluster gets the names of the namespaces of the target, and one note', async () => {
  const api = cluster({
    '/api/v1/pods': 'FORBIDDEN',
    '/api/v1/services': 'FORBIDDEN',
    '/api/v1/nodes': 'FORBIDDEN',
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices': 'FORBIDDEN',
    '/api/v1/namespaces/shop/pods': [pod('web-1', '10.0.0.1')],
    '/api/v1/namespaces/shop/services': 'FORBIDDEN',
  });
  const { naming, ready, end, notes } = follow(api);
  await ready;
  expect(notes).toEqual([
    'some addresses have no name: you may not list pods of other namespaces, nodes, services, endpointslices',
  ]);
  // A node has a name even so, because its pods have it.
  expect(names(naming, '10.0.0.1', '10.9.0.1')).toEqual(['10.0.0.1=shop/web-1', '10.9.0.1=node/one']);
  await until('a watch', () => api.watches.length === 1);
  await end();
});

test('an API server that does not answer costs names, and nothing else', async () => {
  const answers = Object.fromEntries(
    Object.keys(whole().answers).map((path) => [path, 'CLUSTER_UNREACHABLE' as const]),
  );
  const { naming, ready, end, notes } = follow(cluster(answers));
  await ready;
  expect(notes.join()).toMatch(/^some addresses have no name: could not read pods: CLUSTER_UNREACHABLE/);
  expect(names(naming, '10.0.0.1', '10.0.0.2')).toEqual([]);
  await end();
});

test('it ends at once, also while it reads', async () => {
  const connect =
    (over: AbortSignal): Kubectl =>
    async () =>
      new Promise((_, reject) => {
        over.addEventListener('abort', () => reject(codedError('INTERRUPTED', 'it is over')));
      });
  const { start } = whole();
  const notes: string[] = [];
  const live = followNames({ connect, start, namespaces: async () => [], onNote: (note) => notes.push(note) });
  await sleep(20);
  const begun = performance.now();
  await live.end();
  await live.ready;
  expect(performance.now() - begun).toBeLessThan(1000);
  expect(notes).toEqual([]);
});

test('for packets of before, an address is named when its present owner has had it since before them', async () => {
  const time = BigInt(Date.parse('2026-01-01T00:01:00Z')) * 1_000_000n;
  const { kubectl } = cluster({
    '/api/v1/pods': [
      pod('old', '10.0.0.1', '1', { startTime: '2026-01-01T00:00:00Z' }),
      pod('new', '10.0.0.2', '1', { startTime: '2026-01-01T00:02:00Z' }),
    ],
  });
  const { naming, note } = await readNaming(kubectl, async () => []);
  const before = (at: bigint): string[] =>
    naming.before(packetBetween('10.0.0.1', '10.0.0.2'), at).map((one) => `${one.address}=${one.names.join()}`);
  expect(before(time)).toEqual(['10.0.0.1=shop/old']);
  expect(before(time + 120_000_000_000n)).toEqual([]);
  expect([note, naming.named, naming.atEnd()]).toEqual([undefined, 1, []]);
});
