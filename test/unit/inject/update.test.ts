import jsonPatch, { type Operation } from 'fast-json-patch';
import { describe, expect, test } from 'vitest';
import {
  additionPatch,
  planInjection,
  planRemoval,
  planUpdate,
  removalPatch,
  updatePatch,
  withAddition,
  withoutRemoved,
  type InjectOptions,
} from '../../../src/inject/index.ts';
import type { PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig } from '../../../src/sidecar/index.ts';

const config = { ...defaultSidecarConfig, agent: { ...defaultSidecarConfig.agent, image: 'registry.example/agent:1' } };
const options: InjectOptions = { config, settings: {}, podSecurity: 'privileged' };
const app: PodTemplate = { spec: { containers: [{ name: 'app', image: 'app:1' }] } };

function injected(template: PodTemplate, more: Partial<InjectOptions> = {}): PodTemplate {
  const plan = planInjection(template, { ...options, ...more });
  if (!plan.inject) throw new Error(plan.reason);
  return withAddition(template, plan.addition);
}

function updated(template: PodTemplate, more: Partial<InjectOptions>, renew = false): PodTemplate {
  const plan = planUpdate(template, { ...options, ...more, renew });
  if (!plan.update) throw new Error(plan.reason);
  const patch = structuredClone(updatePatch(template, plan, ['spec', 'template'])) as Operation[];
  const object = jsonPatch.applyPatch(structuredClone({ spec: { template } }), patch, true).newDocument;
  return object.spec.template;
}

/** Absent, null and empty mean the same to Kubernetes. */
function essence(value: unknown): unknown {
  const filled = (item: unknown): unknown =>
    JSON.parse(
      JSON.stringify(item, (_, inner: unknown) =>
        inner !== null && typeof inner === 'object' && Object.keys(inner).length === 0
          ? undefined
          : (inner ?? undefined),
      ),
    );
  return filled(filled(value));
}

describe.each<[string, PodTemplate]>([
  [
    'a pod that names local volumes of its own',
    { metadata: { annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes': 'tmp' } }, ...app },
  ],
  ['a plain pod', app],
  [
    'a pod with annotations, init containers and volumes',
    {
      metadata: { annotations: { a: 'b' } },
      spec: { ...app.spec, initContainers: [{ name: 'init', image: 'i' }], volumes: [{ name: 'v', emptyDir: {} }] },
    },
  ],
])('an injected %s', (_, template) => {
  const before = injected(template, { settings: { filter: 'udp' } });

  test('is updated to the settings as if it had been injected with them', () => {
    for (const settings of [
      { filter: 'tcp' },
      { filter: 'udp', snaplen: '96' },
      { 'file-size': '32Mi' },
      { mirror: 'vxlan://collector' },
    ]) {
      expect(essence(updated(before, { settings }))).toEqual(
        essence(injected(template, { settings: { filter: 'udp', ...settings } })),
      );
    }
    expect(essence(updated(before, { amounts: { 'cpu-request': '50m' } }))).toEqual(
      essence(injected(template, { settings: { filter: 'udp' }, amounts: { 'cpu-request': '50m' } })),
    );
  });

  test('has its original form after the removal of the sidecar', () => {
    const after = updated(updated(before, { settings: { filter: 'tcp', mirror: 'vxlan://a' } }), {
      settings: { filter: 'icmp' },
    });
    const plan = planRemoval(after, config);
    if (!plan.remove) throw new Error(plan.reason);
    expect(essence(withoutRemoved(after, plan.removal))).toEqual(essence(template));
  });

  test('does not change when it is updated again', () => {
    const settings = { filter: 'tcp', 'file-count': '4' };
    for (const renew of [false, true]) {
      const after = updated(before, { settings }, renew);
      expect(planUpdate(after, { ...options, settings, renew })).toEqual({ update: false, reason: 'already_injected' });
      expect(planUpdate(after, { ...options, renew: false })).toEqual({ update: false, reason: 'already_injected' });
    }
  });
});

test('defaults of the API server do not count as a difference', () => {
  const before = injected(app, { settings: { filter: 'udp' } });
  const stored = {
    ...before,
    spec: {
      ...before.spec!,
      initContainers: before.spec!.initContainers!.map((container) => ({
        ...container,
        terminationMessagePath: '/dev/termination-log',
      })),
    },
  };
  expect(planUpdate(stored, { ...options, settings: { filter: 'udp' }, renew: true })).toMatchObject({ update: false });
});

describe('a sidecar with another image', () => {
  const other = {
    ...config,
    agent: { ...config.agent, image: 'mirror.example/agent:2', resources: { requests: { cpu: '5m' } } },
  };
  const before = injected(app, { config: other, settings: { filter: 'udp' } });
  const agentOf = (template: PodTemplate): unknown => template.spec?.initContainers?.[0];

  test('is kept when only settings are given', () => {
    expect(agentOf(updated(before, { settings: { filter: 'tcp' } }))).toEqual(agentOf(before));
    expect(agentOf(updated(before, { settings: { mirror: 'vxlan://a' } }))).toMatchObject({
      image: 'mirror.example/agent:2',
      resources: { requests: { cpu: '5m' } },
    });
  });

  test('is replaced when an image is given', () => {
    expect(agentOf(updated(before, {}, true))).toEqual(agentOf(injected(app)));
    expect(planUpdate(before, { ...options, renew: false })).toMatchObject({ update: false });
  });

  test('keeps its image when the given configuration has none', () => {
    expect(
      agentOf(
        updated(
          before,
          { config: { ...defaultSidecarConfig, agent: { ...defaultSidecarConfig.agent, imagePullPolicy: 'Always' } } },
          true,
        ),
      ),
    ).toMatchObject({
      image: 'mirror.example/agent:2',
    });
  });
});

test("an update does not change the user's annotations", () => {
  const own: PodTemplate = { metadata: { annotations: { 'packet-capture/filter': 'icmp' } }, ...app };
  const before = injected(own);
  expect(planUpdate(before, { ...options, settings: { filter: 'tcp' }, renew: false })).toEqual({
    update: false,
    reason: 'setting_conflict',
  });
  expect(updated(before, { settings: { snaplen: '96' } }).metadata?.annotations).toMatchObject({
    'packet-capture/filter': 'icmp',
    'packet-capture/snaplen': '96',
  });
});

test('the patch of an update is the removal followed by the addition', () => {
  const before = injected(app, { settings: { filter: 'udp' } });
  const plan = planUpdate(before, { ...options, settings: { filter: 'tcp' }, renew: false });
  if (!plan.update) throw new Error(plan.reason);
  expect(updatePatch(before, plan, [])).toEqual([
    ...removalPatch(before, plan.removal, []),
    ...additionPatch({ ...app, metadata: {} }, plan.addition, []),
  ]);
});
