import { describe, expect, test } from 'vitest';
import {
  apiServerOwner,
  nodeOfPod,
  nodeOwner,
  podOwner,
  serviceOwner,
  type NamedObject,
} from '../../../../src/captures/names/addressOwners.ts';

const seconds = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n;
const created = '2026-01-01T00:00:00Z';
const metadata = { name: 'web-1', namespace: 'shop', uid: 'u1', creationTimestamp: created };
const status = { phase: 'Running', podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] };
const pod = (more: object = {}, spec: object = {}, about: object = {}): NamedObject => ({
  metadata: { ...metadata, ...about },
  spec: { nodeName: 'one', ...spec },
  status: { ...status, ...more },
});
const state = (name: string): object => ({ name, state: { [name]: {} } });

describe('a pod', () => {
  test('owns its addresses of both families', () => {
    expect(podOwner(pod())).toEqual({
      id: 'u1',
      kind: 'pod',
      name: 'shop/web-1',
      addresses: ['10.0.0.1', 'fd00::1'],
      since: seconds(created),
    });
    expect(podOwner(pod({ podIPs: undefined }))?.addresses).toEqual(['10.0.0.1']);
  });

  test.each([
    ['on the network of its node', pod({}, { hostNetwork: true })],
    ['without an address', pod({ podIP: '', podIPs: [] })],
    ['that has completed', pod({ phase: 'Succeeded' })],
    ['that has failed', pod({ phase: 'Failed' })],
    [
      'that is being deleted, and whose containers have ended',
      pod(
        { containerStatuses: [state('terminated')], initContainerStatuses: [state('terminated')] },
        {},
        { deletionTimestamp: created },
      ),
    ],
  ])('%s owns none', (_, object) => {
    expect(podOwner(object)).toBeUndefined();
  });

  test('that is being deleted owns them while a container runs', () => {
    const statuses = { containerStatuses: [state('terminated')], initContainerStatuses: [state('running')] };
    expect(podOwner(pod(statuses, {}, { deletionTimestamp: created }))?.name).toBe('shop/web-1');
  });

  test.each([
    ['2026-01-01T00:00:10Z', undefined, '2026-01-01T00:00:10Z'],
    ['2026-01-01T00:00:10Z', '2026-01-01T00:02:00Z', '2026-01-01T00:01:58Z'],
    ['2026-01-01T00:00:10Z', '2026-01-01T00:00:11Z', '2026-01-01T00:00:10Z'],
  ])('that started at %s, with a network at %s, has had them since %s', (startTime, ready, since) => {
    const condition = { type: 'PodReadyToStartContainers', status: 'True', lastTransitionTime: ready };
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: created }, condition];
    expect(podOwner(pod({ startTime, conditions }))?.since).toBe(seconds(since));
  });

  test('says what its node is called', () => {
    const object = pod({ hostIP: '10.9.0.1', hostIPs: [{ ip: '10.9.0.1' }, { ip: 'fd09::1' }] });
    expect(nodeOfPod(object)).toMatchObject({ kind: 'node', name: 'node/one', addresses: ['10.9.0.1', 'fd09::1'] });
    expect(nodeOfPod(pod({}, { nodeName: undefined }))).toBeUndefined();
  });
});

test('a Service owns its ClusterIPs; a headless one, one by name, and one without an address own none', () => {
  const service = (spec: object, name = 'web', namespace = 'shop'): NamedObject => ({
    metadata: { ...metadata, name, namespace },
    spec,
  });
  expect(serviceOwner(service({ clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7', 'fd96::7'] }))).toMatchObject({
    kind: 'service',
    name: 'shop/web.svc',
    addresses: ['10.96.0.7', 'fd96::7'],
    since: seconds(created),
  });
  for (const spec of [{ clusterIP: 'None', clusterIPs: ['None'] }, { type: 'ExternalName' }, { clusterIP: '' }])
    expect(serviceOwner(service(spec))).toBeUndefined();
  expect(serviceOwner(service({ clusterIP: '10.96.0.1' }, 'kubernetes', 'default'))?.name).toBe(
    'kubernetes.default.svc',
  );
});

test('a node owns its internal and external addresses, and not its host name', () => {
  const addresses = [
    { type: 'InternalIP', address: '10.9.0.1' },
    { type: 'Hostname', address: 'one' },
    { type: 'ExternalIP', address: '192.0.2.1' },
  ];
  const node = { metadata: { name: 'one', uid: 'n', creationTimestamp: created }, status: { addresses } };
  expect(nodeOwner(node)).toMatchObject({ name: 'node/one', addresses: ['10.9.0.1', '192.0.2.1'] });
  expect(nodeOwner(node)?.since).toBe(seconds('2025-12-31T23:55:00Z'));
});

test('the API server owns the addresses of its EndpointSlice', () => {
  const slice = {
    metadata: { name: 'kubernetes' },
    endpoints: [{ addresses: ['10.9.0.1'] }, { addresses: ['fd09::1'] }],
  };
  expect(apiServerOwner(slice)).toMatchObject({
    kind: 'service',
    name: 'kubernetes.default.svc',
    addresses: ['10.9.0.1', 'fd09::1'],
  });
});

test('whatever else stands in an object, it is passed over', () => {
  const odd = { metadata: { name: 'x' }, spec: 7, status: { podIPs: 'all', podIP: 5, addresses: [3], conditions: {} } };
  for (const read of [podOwner, nodeOfPod, nodeOwner, serviceOwner, apiServerOwner]) expect(read(odd)).toBeUndefined();
});
