import { describe, expect, test } from 'vitest';
import { planInjection, planRemoval, type InjectOptions, type InjectPlan } from '../../../src/inject/index.ts';
import type { PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig, makeSidecar, type AgentSidecarConfig } from '../../../src/sidecar/index.ts';
import { policyExpressions, policyParameters } from '../../../src/ways/policy/index.ts';
import { podFixtures } from '../../support/pods/index.ts';
import { evaluate } from '../../support/policy/evaluate.ts';

const url = 'vxlan://collector';
const defaulting: AgentSidecarConfig = { ...defaultSidecarConfig, settings: { mirror: url, filter: 'udp' } };
const spec = { containers: [{ name: 'app' }] };
const asking = (value: string | undefined): PodTemplate => ({
  metadata: { annotations: value === undefined ? {} : { 'packet-capture/mirror': value } },
  spec,
});

function plan(template: PodTemplate, options: Partial<InjectOptions> = {}): InjectPlan {
  return planInjection(template, { config: defaultSidecarConfig, settings: {}, podSecurity: 'privileged', ...options });
}

function namesOf(planned: InjectPlan): string[] {
  return planned.inject ? planned.addition.initContainers.map(({ name }) => name) : [];
}

const both = ['packet-capture', 'packet-capture-mirror'];
const alone = ['packet-capture'];

describe('a mirror', () => {
  test.each<[string, PodTemplate, Partial<InjectOptions>, string[]]>([
    ['asked for', asking(url), {}, both],
    ['asked for by a value that the agent will refuse', asking('nonsense'), {}, both],
    ['not asked for', asking(undefined), {}, alone],
    ['asked for by an empty annotation', asking(''), {}, alone],
    [
      'asked for with null',
      { metadata: { annotations: { 'packet-capture/mirror': null as unknown as string } }, spec },
      {},
      alone,
    ],
    ['by default', asking(undefined), { config: defaulting }, both],
    ['by default, with an empty annotation', asking(''), { config: defaulting }, both],
    ['by a flag', asking(undefined), { settings: { mirror: url } }, both],
    ['in baseline', asking(url), { podSecurity: 'baseline' }, alone],
    ['by default in baseline', asking(undefined), { podSecurity: 'baseline', config: defaulting }, alone],
  ])('%s', (_, template, options, names) => {
    const planned = plan(template, options);
    expect(namesOf(planned)).toEqual(names);
    const status = planned.inject ? planned.addition.annotations['packet-capture/status'] : undefined;
    expect((JSON.parse(status ?? '{}') as { containers: string[] }).containers).toEqual(names);
    expect(planned.inject && planned.leftOut).toEqual(options.podSecurity === 'baseline' ? ['mirror'] : undefined);
  });

  test('is added only to pods that ask for it, also after a pod that does', () => {
    for (const [value, names] of [
      [url, both],
      [undefined, alone],
      ['x', both],
      ['', alone],
    ] as const) {
      expect(namesOf(plan(asking(value)))).toEqual(names);
    }
  });

  test('is a container with NET_ADMIN and no other capability, without the Secret of the upload or a port', () => {
    const config: AgentSidecarConfig = {
      ...defaulting,
      agent: { ...defaulting.agent, image: 'i:1', imagePullPolicy: 'Never', metricsPort: 9464 },
    };
    const { mirror } = makeSidecar({ config, profile: 'privileged', guaranteed: false, mirror: true, podSettings: {} });
    const field = (name: string, fieldPath: string): object => ({ name, valueFrom: { fieldRef: { fieldPath } } });
    expect(mirror).toEqual({
      name: 'packet-capture-mirror',
      image: 'i:1',
      imagePullPolicy: 'Never',
      restartPolicy: 'Always',
      command: ['/usr/bin/packet-capture-agent', 'mirror'],
      env: [
        field('POD_NAMESPACE', 'metadata.namespace'),
        field('POD_NAME', 'metadata.name'),
        field('NODE_NAME', 'spec.nodeName'),
        { name: 'PACKET_CAPTURE_FILTER', value: 'udp' },
        { name: 'PACKET_CAPTURE_MIRROR', value: url },
      ],
      resources: { requests: { cpu: '5m', memory: '8Mi' }, limits: { cpu: '100m', memory: '32Mi' } },
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
        readOnlyRootFilesystem: true,
        runAsGroup: 60947,
        runAsNonRoot: true,
        runAsUser: 60947,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      volumeMounts: [
        { name: 'packet-capture-files', mountPath: '/captures' },
        { name: 'packet-capture-settings', mountPath: '/etc/packet-capture/settings', readOnly: true },
        { name: 'packet-capture-no-token', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
      ],
    });
  });

  test("keeps the pod's QoS class and limits", () => {
    const mirrorOf = (template: PodTemplate): unknown => {
      const planned = plan({ ...template, ...asking(url), spec: { ...template.spec } });
      return planned.inject && planned.addition.initContainers[1]?.resources;
    };
    const limits = { cpu: '1', memory: '1Gi' };
    const app = { name: 'app', resources: { limits } };
    const most = { cpu: '100m', memory: '32Mi' };
    const zero = { cpu: '0', memory: '0' };
    expect(mirrorOf({ spec: { containers: [app] } })).toEqual({ requests: most, limits: most });
    expect(mirrorOf({ spec: { containers: [app], resources: { limits } } })).toEqual({});
    expect(mirrorOf({ spec: { containers: [app], resources: { requests: limits } } })).toEqual({
      requests: zero,
      limits: zero,
    });
  });

  test('is removed with the sidecar', () => {
    const planned = plan(asking(url));
    if (!planned.inject) throw new Error(planned.reason);
    const { annotations, initContainers, volumes } = planned.addition;
    const injected: PodTemplate = {
      metadata: { annotations },
      spec: { ...spec, initContainers: [...initContainers, { name: 'init' }], volumes },
    };
    expect(planRemoval(injected, defaultSidecarConfig)).toMatchObject({
      remove: true,
      removal: { initContainers: both },
    });
  });
});

test('the policy adds the container that mirrors to the same pods as the other ways', () => {
  const expressionOf = (name: string): string =>
    policyExpressions.variables.find((variable) => variable.name === name)?.expression ?? '';
  for (const config of [defaultSidecarConfig, defaulting]) {
    for (const profile of ['privileged', 'baseline'] as const) {
      const params = { data: policyParameters(config, { profile, annotation: 'a', optOut: true }) };
      for (const { name, template, level, expected } of podFixtures) {
        if (expected !== 'injected' || level !== profile) continue;
        const object = { metadata: {}, ...template };
        const mirrorText = evaluate(expressionOf('mirrorText'), { object, params });
        const mirror = evaluate(expressionOf('mirror'), { params, variables: { mirrorText } });
        const planned = plan(template, { config, podSecurity: profile });
        expect(mirror, name).toBe(namesOf(planned).length === 2);
        const listed = evaluate(expressionOf('listed'), { object });
        expect(evaluate(expressionOf('status'), { variables: { mirror, listed } }), name).toBe(
          planned.inject && planned.addition.annotations['packet-capture/status'],
        );
      }
    }
  }
});
