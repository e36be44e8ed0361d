import { expect, test } from 'vitest';
import { planInjection } from '../../../src/inject/index.ts';
import { declaresPort } from '../../../src/inject/ports.ts';
import type { PodSpec } from '../../../src/kubernetes/api/types.ts';
import { defaultAgent, makeSidecar, type AgentConfig, type AgentSidecarConfig } from '../../../src/sidecar/index.ts';
import { policyExpressions, policyParameters } from '../../../src/ways/policy/index.ts';
import { evaluate } from '../../support/policy/evaluate.ts';

const config: AgentSidecarConfig = { form: 'agent', agent: { ...defaultAgent, metricsPort: 9464 }, settings: {} };
const app = (...ports: readonly object[]): PodSpec => ({ containers: [{ name: 'app', ports }] });

const specs: readonly (readonly [what: string, spec: PodSpec, taken: boolean])[] = [
  ['no ports', { containers: [{ name: 'app' }] }, false],
  ['another port', app({ containerPort: 8080 }), false],
  ['the port', app({ containerPort: 8080 }, { containerPort: 9464 }), true],
  ['the port, said to be TCP', app({ containerPort: 9464, protocol: 'TCP' }), true],
  ['the port of UDP', app({ containerPort: 9464, protocol: 'UDP' }), false],
  ['in the second container', { containers: [{ name: 'a' }, { name: 'b', ports: [{ containerPort: 9464 }] }] }, true],
  [
    'in an init container',
    { containers: [{ name: 'a' }], initContainers: [{ name: 'b', ports: [{ containerPort: 9464 }] }] },
    true,
  ],
  ['of the node alone', app({ containerPort: 80, hostPort: 9464 }), false],
];

test.each(specs)('%s', (_, spec, taken) => {
  expect(declaresPort(spec, 9464)).toBe(taken);
  const plan = planInjection({ spec }, { config, settings: {}, podSecurity: 'privileged' });
  const [container] = plan.inject ? plan.addition.initContainers : [];
  expect(container?.['ports']).toEqual(
    taken ? undefined : [{ name: 'packet-capture', containerPort: 9464, protocol: 'TCP' }],
  );
  expect(JSON.stringify(container?.['env']).includes('{"name":"PACKET_CAPTURE_METRICS_LISTEN","value":":9464"}')).toBe(
    !taken,
  );
});

/** Evaluates the expressions of the policy for a pod. */
function byPolicy(spec: PodSpec, agent: AgentSidecarConfig): { ports: unknown; environment: unknown } {
  const data = policyParameters(agent, { profile: 'privileged', annotation: 'a', optOut: false });
  const known: Record<string, unknown> = { sizeLimit: '224Mi' };
  for (const name of ['wantedPort', 'metricsPort', 'ports', 'settingVariables', 'platformVariables', 'environment']) {
    const { expression = '' } = policyExpressions.variables.find((variable) => variable.name === name) ?? {};
    known[name] = evaluate(expression, { object: { metadata: {}, spec }, params: { data }, variables: known });
  }
  return { ports: known['ports'], environment: known['environment'] };
}

test.each(specs)('the policy agrees: %s', (_, spec, taken) => {
  const sidecar = makeSidecar({
    config,
    profile: 'privileged',
    guaranteed: false,
    podSettings: {},
    metricsPortTaken: taken,
  });
  expect(byPolicy(spec, config)).toEqual({
    ports: sidecar.container['ports'] ?? [],
    environment: sidecar.container['env'],
  });
});

test.each<Partial<AgentConfig>>([
  { maxBufferSize: '128Mi' },
  { uploadProxy: 'http://proxy.corp:3128', uploadNoProxy: '.corp,10.0.0.0/8' },
  {
    allowedSettings: ['state', 'duration'],
    allowedStreams: [],
    allowedMirrors: ['*.lab:*', '[fd00::1]:4789'],
    allowedUploads: ['s3:captures/*'],
  },
])('the environment has what the release allows, by the policy too: %j', (changed) => {
  const release = { ...config, agent: { ...config.agent, ...changed }, settings: { filter: 'udp' } };
  const { container, mirror } = makeSidecar({
    config: release,
    profile: 'privileged',
    guaranteed: false,
    podSettings: {},
    mirror: true,
  });
  expect(byPolicy({ containers: [{ name: 'app' }] }, release).environment).toEqual(container['env']);
  const texts = JSON.stringify(Object.values(changed).map((value) => (Array.isArray(value) ? value.join(' ') : value)));
  const platform = (env: unknown): unknown[] =>
    (env as { name: string; value: string }[])
      .filter(({ name }) => /_ALLOWED_|BUFFER_LIMIT|_UPLOAD_(?:NO_)?PROXY/.test(name))
      .map(({ value }) => value);
  expect(JSON.stringify(platform(container['env']))).toBe(texts);
  expect(platform(mirror?.['env'])).toEqual(platform(container['env']));
});

test('the CA of uploads comes from a ConfigMap, before the Secret, by the policy too', () => {
  const release = { ...config, agent: { ...config.agent, uploadCA: 'corp-ca' } };
  const { volumes } = makeSidecar({ config: release, profile: 'privileged', guaranteed: false, podSettings: {} });
  const { expression = '' } = policyExpressions.variables.find(({ name }) => name === 'volumes') ?? {};
  for (const [agent, wanted] of [
    [release, volumes],
    [config, makeSidecar({ config, profile: 'privileged', guaranteed: false, podSettings: {} }).volumes],
  ] as const) {
    const data = policyParameters(agent, { profile: 'privileged', annotation: 'a', optOut: false });
    expect(
      evaluate(expression, { object: { metadata: {}, spec: {} }, params: { data }, variables: { sizeLimit: '224Mi' } }),
    ).toEqual(wanted);
  }
  expect(volumes.find(({ name }) => name === 'packet-capture-upload')).toEqual({
    name: 'packet-capture-upload',
    projected: {
      sources: [
        { configMap: { name: 'corp-ca', optional: true, items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { secret: { name: 'packet-capture-upload', optional: true } },
      ],
    },
  });
});

test("without a metrics port, the pods' ports do not matter", () => {
  expect(byPolicy(app({ containerPort: 9464 }), { ...config, agent: defaultAgent }).ports).toEqual([]);
});

test.each([
  ['9464', true],
  ['65535', true],
  ['65536', false],
  ['80', false],
  ['0', false],
  ['9464 ', false],
  ['http', false],
  ['', true],
  [undefined, true],
])('the parameter %j is valid: %s', (metricsPort, valid) => {
  const { expression = '' } =
    policyExpressions.matchConditions.find(({ name }) => name.endsWith('/parameters-invalid')) ?? {};
  const { metricsPort: _, ...data } = policyParameters(config, {
    profile: 'privileged',
    annotation: 'a',
    optOut: true,
  });
  expect(
    evaluate(expression, {
      object: { metadata: {} },
      params: { data: metricsPort === undefined ? data : { ...data, metricsPort } },
    }),
  ).toBe(valid);
});
