import { describe, expect, test } from 'vitest';
import { additionPatch, planInjection, type Addition } from '../../../../src/inject/index.ts';
import type { PatchOperation, PodTemplate } from '../../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { patchProblem } from '../../../../src/ways/webhook/verifyPatch.ts';
import { podOf } from '../../../support/webhook/samples.ts';

const pod: PodTemplate = podOf({
  initContainers: [{ name: 'migrate', image: 'm' }],
  volumes: [{ name: 'data', emptyDir: {} }],
  imagePullSecrets: [{ name: 'registry' }],
  hostNetwork: false,
});
const plan = planInjection(pod, { config: defaultSidecarConfig, settings: {}, podSecurity: 'privileged' });
const addition = (plan.inject ? plan.addition : undefined) as Addition;
const patch = additionPatch(pod, addition, []);

test('patchProblem accepts the patch of an addition and does not change the pod', () => {
  const before = structuredClone(pod);
  expect(patchProblem(pod, patch, addition)).toBeUndefined();
  expect(pod).toEqual(before);
});

describe('patchProblem refuses a patch with', () => {
  const last = patch.length - 1;
  const but = (index: number, operation: object): PatchOperation[] =>
    patch.with(index, { ...patch[index], ...operation } as PatchOperation);
  test.each<[string, PatchOperation[]]>([
    ['an operation is missing', patch.slice(1)],
    ['the last one is missing', patch.slice(0, last)],
    ['none at all', []],
    ['one comes twice', [...patch, patch[last] as PatchOperation]],
    ['a removal', [...patch, { op: 'remove', path: '/spec/volumes/0' }]],
    ['a test', [{ op: 'test', path: '/spec/hostNetwork', value: false }, ...patch]],
    [
      'a move',
      [...patch, { op: 'move', from: '/spec/volumes/0', path: '/spec/volumes/1' } as unknown as PatchOperation],
    ],
    ['a replacement', [...patch, { op: 'replace', path: '/spec/containers/0', value: { name: 'web', image: 'evil' } }]],
    ['a value put over a field', [...patch, { op: 'add', path: '/spec/hostNetwork', value: true }]],
    ['a value put into a container', [...patch, { op: 'add', path: '/spec/containers/0/image', value: 'evil' }]],
    ['another list', [...patch, { op: 'add', path: '/spec/tolerations', value: [] }]],
    ['a list put over a list', [...patch, { op: 'add', path: '/spec/volumes', value: [] }]],
    ['a label', [...patch, { op: 'add', path: '/metadata/labels', value: { a: 'b' } }]],
    ['the metadata put over', [...patch, { op: 'add', path: '/metadata', value: { annotations: {} } }]],
    [
      'an annotation put over',
      [...patch, { op: 'add', path: '/metadata/annotations/packet-capture~1inject', value: 'false' }],
    ],
    ['an annotation not asked for', [...patch, { op: 'add', path: '/metadata/annotations/x', value: 'y' }]],
    ['the pod put over', [{ op: 'add', path: '', value: pod }]],
    ['a path of the prototype', [...patch, { op: 'add', path: '/metadata/annotations/__proto__', value: 'x' }]],
    [
      'an index far behind',
      but(
        patch.findIndex(({ path }) => path === '/spec/initContainers/0'),
        { path: '/spec/initContainers/9' },
      ),
    ],
    [
      'an invalid index',
      but(
        patch.findIndex(({ path }) => path === '/spec/initContainers/0'),
        { path: '/spec/initContainers/x' },
      ),
    ],
    [
      'another container',
      but(
        patch.findIndex(({ path }) => path === '/spec/initContainers/0'),
        { value: { name: 'packet-capture', image: 'evil' } },
      ),
    ],
    [
      'a container for a volume',
      but(
        patch.findIndex(({ path }) => path === '/spec/volumes/-'),
        { path: '/spec/containers/-' },
      ),
    ],
    ['a name twice', [...patch, { op: 'add', path: '/spec/volumes/-', value: { name: 'data' } }]],
  ])('%s', (_, doubtful) => {
    const before = structuredClone(pod);
    expect(patchProblem(pod, doubtful, addition)).toEqual(expect.any(String));
    expect(pod).toEqual(before);
  });
});

test('patchProblem refuses an addition that replaces an annotation, even with the same value', () => {
  const same = { ...addition, annotations: { ...addition.annotations, 'packet-capture/inject': 'true' } };
  expect(patchProblem(pod, additionPatch(pod, same, []), same)).toBe('the patch replaces an annotation');
});

test('patchProblem refuses a patch that adds more to an added list', () => {
  const bare: PodTemplate = { spec: { containers: [{ name: 'web', image: 'nginx' }] } };
  const made = additionPatch(bare, addition, []);
  expect(patchProblem(bare, made, addition)).toBeUndefined();
  for (const path of ['/spec/volumes/-', '/spec/initContainers/0', '/metadata/annotations/x']) {
    expect(
      patchProblem(
        bare,
        [...made, { op: 'add', path, value: path.startsWith('/m') ? 'y' : { name: 'evil' } }],
        addition,
      ),
    ).toEqual(expect.any(String));
  }
  expect(patchProblem(bare, made, addition)).toBeUndefined();
});
