import { expect, test } from 'vitest';
import { meshConditions } from '../../../../src/diagnosis/judge/mesh.ts';

type Environment = readonly { readonly name: string; readonly value?: string }[];

/** What `why` finds of a live pod with these containers in front of the app. */
function found(
  containers: readonly string[],
  { annotations = {}, env = [] }: { readonly annotations?: Record<string, string>; readonly env?: Environment } = {},
): readonly string[] {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-1', namespace: 'shop', annotations },
    spec: {
      initContainers: containers.map((name) => ({ name, image: 'a', ...(name === 'packet-capture' ? { env } : {}) })),
      containers: [{ name: 'web', image: 'a' }],
    },
  };
  const subject = { pod, namespace: 'shop', namespaceLabels: {}, owners: [] } as unknown as Parameters<
    typeof meshConditions
  >[0];
  return meshConditions(subject).map(({ met, what }) => `${met}: ${what}`);
}

const hint = [
  'false: it is captured without plaintext: a mesh encrypts it on eth0; interfaces: lo (or any) sees it between proxy and app',
];
const interfaces = (value: string): Environment => [{ name: 'PACKET_CAPTURE_INTERFACES', value }];

test.each(['istio-proxy', 'linkerd-proxy', 'consul-dataplane', 'kuma-sidecar'])(
  'behind %s only ciphertext is captured, and why says where the plaintext is',
  (proxy) => {
    expect(found([proxy, 'packet-capture'])).toEqual(hint);
    expect(found([proxy, 'packet-capture'], { annotations: { 'packet-capture/interfaces': 'eth0' } })).toEqual(hint);
    expect(found([proxy, 'packet-capture'], { env: interfaces('eth0') })).toEqual(hint);
  },
);

test('no warning where lo is captured, without a mesh, and for a pod without the sidecar', () => {
  for (const value of ['lo', 'any', 'all,lo', 'eth0,lo']) {
    expect(found(['istio-proxy', 'packet-capture'], { annotations: { 'packet-capture/interfaces': value } })).toEqual(
      [],
    );
    expect(found(['istio-proxy', 'packet-capture'], { env: interfaces(value) })).toEqual([]);
  }
  expect(found(['packet-capture'])).toEqual([]);
  expect(found(['istio-proxy'])).toEqual([]);
});
