import { describe, expect, test } from 'vitest';
import { stuckReasons } from '../../../../src/kubernetes/api/stuckReasons.ts';
import type { Pod } from '../../../../src/kubernetes/api/types.ts';
import { defaultAgent, makeAttached, type AgentSidecarConfig } from '../../../../src/sidecar/index.ts';
import { attachReasons, planAttach, type AttachOptions } from '../../../../src/ways/attach/index.ts';

const config: AgentSidecarConfig = {
  form: 'agent',
  agent: { ...defaultAgent, image: 'registry.example/agent:1' },
  settings: {},
};
const options: AttachOptions = { config, podSecurity: 'privileged', ttl: '1h' };

function pod({ metadata = {}, spec = {}, status = {} }: Record<string, object> = {}): Pod {
  return {
    metadata: { name: 'web-1', namespace: 'shop', uid: 'u', ...metadata },
    spec: { containers: [{ name: 'app' }], ...spec },
    status: { phase: 'Running', ...status },
  };
}

const agent = makeAttached({ name: 'packet-capture', config, profile: 'privileged', ttl: '1h' });

/** A pod to which an agent was attached before. */
function attached(state: object, container: object = agent): Pod {
  return pod({
    spec: { ephemeralContainers: [container] },
    status: { ephemeralContainerStatuses: [{ name: 'packet-capture', state }] },
  });
}

describe('a pod without an agent', () => {
  test('gets one, by the Pod Security level of its namespace', () => {
    expect(planAttach(pod(), options)).toEqual({ kind: 'attach', container: agent });
    const baseline = planAttach(pod(), { ...options, podSecurity: 'baseline' });
    expect(baseline).toMatchObject({ kind: 'attach', container: { name: 'packet-capture' } });
    expect(JSON.stringify(baseline)).not.toContain('NET_RAW');
  });

  test('inherits nothing from the pod with which it would not start', () => {
    const securityContext = { runAsUser: 0, appArmorProfile: { type: 'Localhost' } };
    const openShift = { ...config, agent: { ...config.agent, securityContext: { runAsUser: null } } };
    expect(planAttach(pod({ spec: { securityContext } }), { ...options, config: openShift })).toMatchObject({
      container: { securityContext: { runAsUser: 60947, appArmorProfile: { type: 'RuntimeDefault' } } },
    });
  });

  test('gets one while an init container of it runs, but not before', () => {
    const running = { state: { running: {} }, name: 'setup' };
    const waiting = { state: { waiting: { reason: 'PodInitializing' } }, name: 'app' };
    const status = { phase: 'Pending', initContainerStatuses: [running], containerStatuses: [waiting] };
    expect(planAttach(pod({ status }), options).kind).toBe('attach');
    expect(planAttach(pod({ status: { ...status, initContainerStatuses: [] } }), options)).toEqual({
      kind: 'skip',
      reason: 'pod_pending',
    });
  });

  test.each([
    ['pod_security_restricted', pod(), 'restricted'],
    ['host_network', pod({ spec: { hostNetwork: true } })],
    ['windows', pod({ spec: { os: { name: 'windows' } } })],
    ['fargate', pod({ metadata: { labels: { 'eks.amazonaws.com/fargate-profile': 'x' } } })],
    ['virtual_node', pod({ spec: { nodeName: 'virtual-kubelet-1' } })],
    ['sandbox', pod({ spec: { runtimeClassName: 'gvisor' } })],
    ['mirror_pod', pod({ metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } })],
    ['system_namespace', pod({ metadata: { namespace: 'kube-system' } })],
    ['opted_out', pod({ metadata: { annotations: { 'packet-capture/inject': 'false' } } })],
    ['name_collision', pod({ spec: { containers: [{ name: 'packet-capture' }] } })],
    ['pod_ended', pod({ status: { phase: 'Succeeded' } })],
    ['pod_ended', pod({ status: { phase: 'Failed' } })],
    ['pod_terminating', pod({ metadata: { deletionTimestamp: '2026-11-29T00:00:00Z' } })],
    ['no_pod_template', pod({ spec: { containers: [] } })],
  ] as const)('is left alone: %s', (reason, given, podSecurity?: 'restricted') => {
    expect(planAttach(given, { ...options, ...(podSecurity === undefined ? {} : { podSecurity }) })).toEqual({
      kind: 'skip',
      reason,
    });
    expect(attachReasons[reason]).toMatch(/^its? /);
  });
});

describe('a pod with an agent', () => {
  test('with the sidecar nothing is attached', () => {
    const spec = { initContainers: [{ name: 'packet-capture' }] };
    expect(planAttach(pod({ spec }), { ...options, podSecurity: 'restricted' })).toEqual({
      kind: 'sidecar',
      container: 'packet-capture',
    });
  });

  test.each([
    ['runs', { running: {} }, true],
    ['starts', { waiting: { reason: 'ContainerCreating' } }, false],
    ['waits for its image', { waiting: { reason: 'ImagePullBackOff' } }, false],
  ])('that %s, the same one is found', (_, state, running) => {
    expect(planAttach(attached(state), options)).toEqual({ kind: 'present', container: 'packet-capture', running });
  });

  test('that has ended, the next one gets the next name', () => {
    expect(planAttach(attached({ terminated: { exitCode: 0 } }), options)).toMatchObject({
      kind: 'attach',
      container: { name: 'packet-capture-2' },
      replaces: { container: 'packet-capture', because: 'ended' },
    });
  });

  test('that has ended, though its status does not say so yet, too; another pod keeps its own', () => {
    const running = attached({ running: {} });
    const ended = new Map([['u', 'packet-capture']]);
    expect(planAttach(running, { ...options, ended })).toMatchObject({
      kind: 'attach',
      replaces: { container: 'packet-capture', because: 'ended' },
    });
    const other = { ...running, metadata: { ...running.metadata, uid: 'v' } };
    expect(planAttach(other, { ...options, ended }).kind).toBe('present');
  });

  test.each([...stuckReasons])('whose image cannot be started (%s), another image gets the next name', (reason) => {
    const wrong = attached({ waiting: { reason } }, { ...agent, image: 'registry.example/agnet:1' });
    expect(planAttach(wrong, options)).toMatchObject({
      kind: 'attach',
      container: { name: 'packet-capture-2', image: 'registry.example/agent:1' },
      replaces: { container: 'packet-capture', because: 'stuck' },
    });
  });

  test('that is only called like ours, ours gets the next name', () => {
    expect(planAttach(attached({ running: {} }, { name: 'packet-capture', image: 'busybox' }), options)).toMatchObject({
      kind: 'attach',
      container: { name: 'packet-capture-2' },
    });
  });
});

describe('a pod whose containers limit ephemeral-storage', () => {
  const limited = (...limits: readonly (string | undefined)[]): Pod => {
    const resources = limits.map((limit) => (limit === undefined ? {} : { limits: { 'ephemeral-storage': limit } }));
    return pod({ spec: { containers: resources.map((one, index) => ({ name: `app-${index}`, resources: one })) } });
  };
  const ringOf = (found: Pod, more: Partial<AttachOptions> = {}): unknown => {
    const plan = planAttach(found, { ...options, ...more });
    if (plan.kind !== 'attach') return plan;
    const env = (plan.container['env'] ?? []) as readonly { readonly name: string; readonly value?: string }[];
    const names = ['FILE_SIZE', 'FILE_COUNT', 'KEEP_SIZE', 'SIZE_LIMIT'];
    return names.map((name) => env.find((one) => one.name === `PACKET_CAPTURE_${name}`)?.value).join(' ');
  };

  test.each([
    // 16Mi x 5 + 16Mi + 64Mi for kept files, by default.
    [[undefined], '16Mi 4  160Mi'],
    [['320Mi'], '16Mi 4  160Mi'],
    [['300Mi', '20Mi', undefined], '16Mi 4  160Mi'],
    [['318Mi'], '16Mi 4 63Mi 159Mi'],
    [['150Mi', '50Mi'], '16Mi 4 4Mi 100Mi'],
    [['100Mi'], '6Mi 4 4Mi 50Mi'],
    [['40Mi'], '1Mi 1 2Mi 20Mi'],
    [['38Mi'], '1Mi 1 1Mi 19Mi'],
  ])('%j: its files take at most half of the limit', (limits, ring) => {
    expect(ringOf(limited(...limits))).toBe(ring);
  });

  test('that is too small for any ring is left alone, with the arithmetic', () => {
    expect(ringOf(limited('36Mi'))).toEqual({
      kind: 'skip',
      reason: 'ephemeral_storage',
      detail:
        "file-size 16Mi x (file-count 4 + 1) + 16Mi = 96Mi, and keep-size 64Mi, are more than the half of the pod's ephemeral-storage limit of 36Mi, which the app shares",
    });
  });

  test('sizes that were asked for are not made smaller: they are refused', () => {
    const asked = { ringAsked: true, config: { ...config, settings: { 'file-size': '32Mi', 'keep-size': '1Mi' } } };
    expect(ringOf(limited('400Mi'), asked)).toBe('32Mi 4 1Mi 177Mi');
    expect(ringOf(limited('300Mi'), asked)).toMatchObject({ kind: 'skip', reason: 'ephemeral_storage' });
  });
});
