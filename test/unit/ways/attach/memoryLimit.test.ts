import { expect, test } from 'vitest';
import type { PodSpec } from '../../../../src/kubernetes/api/types.ts';
import { memoryRoom, podMemoryLimit } from '../../../../src/ways/attach/index.ts';

const mebibyte = 1024 ** 2;
const limited = (memory: string | number, more: object = {}) => ({
  name: 'c',
  resources: { limits: { memory } },
  ...more,
});
const always = { restartPolicy: 'Always' };
const source = 'by the metrics API';

// As ResourceConfigForPod of the kubelet sets it, see src/ways/attach/memoryLimit.ts.
test.each<readonly [title: string, spec: PodSpec, mebibytes: number | undefined]>([
  ['one container', { containers: [limited('64Mi')] }, 64],
  ['two containers', { containers: [limited('64Mi'), limited(33_554_432)] }, 96],
  ['a container without a limit', { containers: [limited('64Mi'), { name: 'b' }] }, undefined],
  ['a limit of zero, which is none', { containers: [limited('64Mi'), limited(0)] }, undefined],
  ['an init container without a limit', { containers: [limited('64Mi')], initContainers: [{ name: 'i' }] }, undefined],
  ['a large init container', { containers: [limited('64Mi')], initContainers: [limited('1Gi')] }, 1024],
  ['a sidecar', { containers: [limited('64Mi')], initContainers: [limited('10Mi', always)] }, 74],
  [
    'an init container next to a sidecar',
    { containers: [limited('64Mi')], initContainers: [limited('10Mi', always), limited('70Mi')] },
    80,
  ],
  ['pod-level resources', { containers: [{ name: 'c' }], resources: { limits: { memory: '128Mi' } } }, 128],
  [
    'pod-level resources of the CPU alone',
    { containers: [{ name: 'c' }], resources: { limits: { cpu: 1 } } },
    undefined,
  ],
  ['the overhead of a runtime class', { containers: [limited('64Mi')], overhead: { memory: '20Mi' } }, 84],
  ['no containers', { containers: null, resources: null }, undefined],
])('the memory limit of a pod with %s', (_, spec, mebibytes) => {
  expect(podMemoryLimit(spec)).toBe(mebibytes === undefined ? undefined : mebibytes * mebibyte);
});

test.each<readonly [limit: string, used: number | undefined, kind: string]>([
  ['64Mi', 48, 'enough'],
  ['64Mi', 48.01, 'short'],
  ['64Mi', 65, 'short'],
  ['10Gi', 10_225, 'short'],
  ['10Gi', 10_224, 'enough'],
  ['64Mi', undefined, 'unknown'],
  ['256Mi', undefined, 'unknown'],
  ['257Mi', undefined, 'enough'],
  ['16Mi', undefined, 'unknown'],
  ['15Mi', undefined, 'short'],
])('a pod with a limit of %s that uses %s MiB has room for an agent: %s', (memory, used, kind) => {
  const use = used === undefined ? undefined : { bytes: used * mebibyte, source };
  expect(memoryRoom({ containers: [limited(memory)] }, use).kind).toBe(kind);
});

test('a pod without a limit has room, however much it uses', () => {
  expect(memoryRoom({ containers: [{ name: 'c' }] }, { bytes: 1e12, source })).toEqual({ kind: 'enough' });
});

test('the texts have the numbers, and say who has measured them', () => {
  const spec = { containers: [limited('64Mi')] };
  expect(memoryRoom(spec, { bytes: 60.5 * mebibyte, source })).toEqual({
    kind: 'short',
    text: 'it uses 60.5Mi (by the metrics API) of 64Mi, and an agent needs up to 8Mi, and 16Mi should be free',
  });
  expect(memoryRoom(spec, undefined)).toEqual({
    kind: 'unknown',
    text: 'it is not known how much it uses of its memory limit of 64Mi: an agent needs up to 8Mi, and 16Mi should be free, or the kernel may kill the app',
  });
});
