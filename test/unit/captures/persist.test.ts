import { expect, test } from 'vitest';
import { checkPersistable } from '../../../src/captures/persist.ts';
import type { Kubectl } from '../../../src/kubernetes/kubectl.ts';

const status = '{"version":"0.1.0","containers":["packet-capture"],"volumes":[]}';
const mirrored = { mirror: 'vxlan://collector' };

function workload(
  annotations: object,
  ...initContainers: ReadonlyArray<string | { readonly name: string; readonly image: string }>
): Kubectl {
  const template = {
    metadata: { annotations },
    spec: {
      containers: [{ name: 'app' }],
      initContainers: initContainers.map((item) => (typeof item === 'string' ? { name: item } : item)),
    },
  };
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { template },
  };
  return async () => ({ stdout: JSON.stringify(object), stderr: '' });
}

const check = async (kubectl: Kubectl, settings: object): Promise<void> =>
  checkPersistable({ kubectl, target: 'deployment/web', settings });

test('a pod template with the sidecar gets no container that mirrors by an annotation: this is refused before any change', async () => {
  const without = workload({ 'packet-capture/status': status }, 'packet-capture');
  await expect(check(without, mirrored)).rejects.toMatchObject({
    code: 'NOT_INJECTABLE',
    where: 'deployment/web in namespace shop',
    hint: expect.stringContaining('patch deployment/web -n shop --mirror vxlan://collector') as string,
  });
  await expect(check(without, { filter: 'udp' })).resolves.toBeUndefined();
  await expect(check(without, { mirror: '' })).resolves.toBeUndefined();
});

test('a pod template that has this container, or whose pods are injected at admission, is accepted', async () => {
  await expect(
    check(workload({ 'packet-capture/status': status }, 'packet-capture', 'packet-capture-mirror'), mirrored),
  ).resolves.toBeUndefined();
  await expect(check(workload({ 'packet-capture/inject': 'true' }), mirrored)).resolves.toBeUndefined();
});

test('a pod template with the placeholder image is refused, because its new pods would not start', async () => {
  const carrying = (image: string) => workload({ 'packet-capture/status': status }, { name: 'packet-capture', image });
  await expect(check(carrying('registry.invalid/packet-capture/agent:0.1.0'), { filter: 'udp' })).rejects.toMatchObject(
    {
      code: 'IMAGE_NOT_NAMED',
      where: 'deployment/web in namespace shop',
      hint: expect.stringContaining('patch deployment/web -n shop --image IMAGE') as string,
    },
  );
  await expect(
    check(carrying('registry.example/packet-capture/agent:0.1.0'), { filter: 'udp' }),
  ).resolves.toBeUndefined();
});
