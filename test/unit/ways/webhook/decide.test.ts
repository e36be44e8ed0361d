import { describe, expect, test } from 'vitest';
import type { PodTemplate } from '../../../../src/kubernetes/api/types.ts';
import { decide, type InjectorOptions } from '../../../../src/ways/webhook/decide.ts';
import type { WebhookName } from '../../../../src/ways/webhook/names.ts';
import { probePod, isInjected } from '../../../../src/ways/webhook/probe.ts';
import { options, customConfig, patched, podOf, reviewOf } from '../../../support/webhook/samples.ts';

const custom: InjectorOptions = { ...options, config: customConfig };
const reasonOf = (pod: unknown, with_: InjectorOptions = options, webhook: WebhookName = 'privileged'): string =>
  decide(reviewOf(pod), webhook, with_).reason;

test('a pod that asks for injection gets the sidecar', () => {
  const pod = podOf();
  const verdict = decide(reviewOf(pod), 'privileged', options);
  expect(verdict).toMatchObject({ decision: 'injected', reason: 'opted_in' });
  expect(patched(pod, verdict).spec?.initContainers?.[0]).toMatchObject({
    name: 'packet-capture',
    securityContext: { capabilities: { add: ['NET_RAW'] } },
  });
});

test('the sidecar has no capabilities block in a baseline namespace', () => {
  const [sidecar] = patched(podOf(), decide(reviewOf(podOf()), 'baseline', options)).spec?.initContainers ?? [];
  expect(sidecar?.['securityContext']).not.toHaveProperty('capabilities');
});

test('a pod that asks for a mirror gets one, or a warning where it is impossible', () => {
  const pod = podOf();
  const mirrored: PodTemplate = {
    ...pod,
    metadata: {
      ...pod.metadata,
      annotations: { ...pod.metadata?.annotations, 'packet-capture/mirror': 'vxlan://collector' },
    },
  };
  const verdict = decide(reviewOf(mirrored), 'privileged', options);
  expect(verdict).toMatchObject({ decision: 'injected', warnings: [] });
  expect(patched(mirrored, verdict).spec?.initContainers?.slice(0, 2)).toMatchObject([
    { name: 'packet-capture' },
    { name: 'packet-capture-mirror', securityContext: { capabilities: { add: ['NET_ADMIN'] } } },
  ]);
  const without = decide(reviewOf(mirrored), 'baseline', options);
  expect(without).toMatchObject({ decision: 'injected', warnings: [expect.stringContaining('without its mirror')] });
  expect(JSON.stringify(patched(mirrored, without))).not.toContain('NET_ADMIN');
});

describe('the annotation of a pod and the options of the injector decide:', () => {
  const article: InjectorOptions = { ...options, annotation: 'sidecar-injector-webhook.morven.me/inject' };
  const bare = (annotations: Record<string, string> | undefined): PodTemplate => ({
    metadata: annotations === undefined ? {} : { annotations },
    spec: { containers: [{ name: 'a', image: 'b' }] },
  });
  test.each<[string, Record<string, string> | undefined, InjectorOptions]>([
    ['not_opted_in', undefined, options],
    ['not_opted_in', {}, options],
    ['not_opted_in', { 'packet-capture/inject': 'yes' }, options],
    ['not_opted_in', { 'packet-capture/inject': 'True' }, options],
    ['opted_out', { 'packet-capture/inject': 'false' }, options],
    ['opted_in', { 'packet-capture/inject': 'true' }, options],
    ['not_opted_in', { 'packet-capture/inject': 'true' }, article],
    ['opted_in', { 'sidecar-injector-webhook.morven.me/inject': 'true' }, article],
    ['opted_out', { 'sidecar-injector-webhook.morven.me/inject': 'true', 'packet-capture/inject': 'false' }, article],
    ['opted_out', { 'packet-capture/inject': 'false' }, article],
    ['not_opted_out', undefined, { ...options, optOut: true }],
    ['not_opted_out', { 'packet-capture/inject': 'maybe' }, { ...options, optOut: true }],
    ['opted_in', { 'packet-capture/inject': 'true' }, { ...options, optOut: true }],
    ['opted_out', { 'packet-capture/inject': 'false' }, { ...options, optOut: true }],
    ['opted_out', { 'sidecar-injector-webhook.morven.me/inject': 'false' }, { ...article, optOut: true }],
    ['not_opted_in', undefined, { ...options, annotation: 'toString' }],
  ])('%s: %j', (reason, annotations, with_) => {
    expect(reasonOf(bare(annotations), with_)).toBe(reason);
  });
});

describe('a pod is skipped', () => {
  test.each<[string, unknown, string[]]>([
    [
      'host_network',
      podOf({ hostNetwork: true }),
      [
        'packet-capture: not injected: it uses the network of its node (hostNetwork), so a capture would see every pod there',
      ],
    ],
    [
      'name_collision',
      podOf({ volumes: [{ name: 'packet-capture-files' }] }),
      ['packet-capture: not injected: it has a container or volume of the same name that is not ours'],
    ],
    [
      'already_injected',
      podOf({ initContainers: [{ name: 'packet-capture' }] }, { 'packet-capture/status': '{}' }),
      [],
    ],
    [
      'foreign_status',
      podOf({}, { 'packet-capture/status': '{}' }),
      [
        'packet-capture: not injected: it has the annotation packet-capture/status, but no sidecar: uninject or unpatch it',
      ],
    ],
    [
      'fargate',
      podOf({ schedulerName: 'fargate-scheduler' }),
      ['packet-capture: not injected: it runs on AWS Fargate, which starts no pod with an added capability'],
    ],
    ['no_pod_template', podOf({ containers: [] }), []],
    ['malformed_pod', undefined, []],
    ['malformed_pod', [], []],
    ['malformed_pod', { spec: 'x' }, []],
    ['malformed_pod', { spec: { containers: 'abc' } }, []],
    ['malformed_pod', { spec: { containers: [null] } }, []],
    ['malformed_pod', { spec: { containers: [{ name: 1 }] } }, []],
    ['malformed_pod', { metadata: { annotations: ['x'] }, spec: { containers: [] } }, []],
    ['malformed_pod', { metadata: { annotations: { a: 1 } }, spec: { containers: [] } }, []],
  ])('%s', (reason, pod, warnings) => {
    expect(decide(reviewOf(pod), 'privileged', options)).toEqual({ decision: 'skipped', reason, warnings });
  });
  test('for another request than the creation of a pod', () => {
    expect(decide(reviewOf(podOf(), { createsPod: false }), 'privileged', options).reason).toBe('not_pod_creation');
  });
  test('for a review of another version', () => {
    expect(decide(reviewOf(podOf(), { apiVersion: 'admission.k8s.io/v2' }), 'privileged', options).reason).toBe(
      'unsupported_version',
    );
  });
  test("the request's namespace decides, and not the namespace in the pod", () => {
    expect(decide(reviewOf(podOf(), { namespace: 'kube-system' }), 'privileged', options).reason).toBe(
      'system_namespace',
    );
  });
});

describe('a pod is skipped as patch_doubtful because of', () => {
  const volume = (name: string, mountPath = '/x'): InjectorOptions => ({
    ...options,
    config: {
      form: 'custom',
      containers: [{ name: 'monitor', image: 'm', volumeMounts: [{ name, mountPath }] }],
      initContainers: [],
      volumes: [],
    },
  });
  const container = (fields: object): InjectorOptions => ({
    ...options,
    config: {
      form: 'custom',
      containers: [{ name: 'monitor', image: 'm', ...fields }],
      initContainers: [],
      volumes: [],
    },
  });
  test.each<[string, PodTemplate, InjectorOptions]>([
    ['containers of the same name in two lists', podOf({ initContainers: [{ name: 'web' }] }), options],
    ['two volumes of the same name', podOf({ volumes: [{ name: 'v' }, { name: 'v' }] }), options],
    ['a missing volume that is mounted', podOf(), volume('data')],
    [
      'two mounts in one place',
      podOf({ volumes: [{ name: 'data' }] }),
      container({
        volumeMounts: [
          { name: 'data', mountPath: '/x' },
          { name: 'data', mountPath: '/x' },
        ],
      }),
    ],
    ['an invalid name', podOf(), container({ name: 'Monitor' })],
    ['no image', podOf(), container({ image: undefined })],
    ['an image that ends in a space', podOf(), container({ image: 'm ' })],
    ['mounts that are not a list', podOf(), container({ volumeMounts: 7 })],
    ['annotations that are as large as allowed', podOf({}, { big: 'x'.repeat(256 * 1024 - 50) }), options],
    ['an ephemeral container of the same name', podOf({ ephemeralContainers: [{ name: 'packet-capture' }] }), options],
  ])('%s', (_, pod, with_) => {
    expect(decide(reviewOf(pod), 'privileged', with_)).toMatchObject({
      decision: 'skipped',
      reason: 'patch_doubtful',
      warnings: [expect.stringContaining('could harm')],
    });
  });
  test('a sidecar may mount a volume of the pod', () => {
    expect(reasonOf(podOf({ volumes: [{ name: 'data' }] }), volume('data'))).toBe('opted_in');
  });
});

describe('a second call for the same pod, with a sidecar of the kind', () => {
  test.each([
    ['agent', options],
    ['custom', custom],
  ])('%s, adds nothing', (_, with_) => {
    const pod = patched(podOf(), decide(reviewOf(podOf()), 'privileged', with_));
    expect(decide(reviewOf(pod), 'privileged', with_)).toEqual({
      decision: 'skipped',
      reason: 'already_injected',
      warnings: [],
    });
  });
});

describe('the probe webhook, with a sidecar of the kind', () => {
  const probe = (): PodTemplate => probePod({ release: 'r', namespace: 'n', image: 'i' });
  test.each([
    ['agent', options, 'packet-capture'],
    ['custom', custom, 'monitor'],
  ])('%s, adds the containers without volumes', (_, with_, name) => {
    const verdict = decide(reviewOf(probe()), 'probe', with_);
    const pod = patched(probe(), verdict);
    const added = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].filter(
      (container) => container.name !== 'probe',
    );
    expect(verdict.reason).toBe('probe');
    expect(isInjected(probe())).toBe(false);
    expect(isInjected(pod)).toBe(true);
    expect(pod.spec).not.toHaveProperty('volumes');
    expect(added.map((container) => container.name)).toEqual([name]);
    expect(added[0]).toMatchObject({
      securityContext: { capabilities: { drop: ['ALL'] }, allowPrivilegeEscalation: false },
    });
    expect(added[0]).not.toHaveProperty('volumeMounts');
    expect(decide(reviewOf(pod), 'probe', with_).reason).toBe('already_injected');
  });
  test('agent, skips other pods', () => {
    expect(reasonOf(podOf(), options, 'probe')).toBe('not_probe');
  });
});
