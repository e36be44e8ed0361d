import { describe, expect, test } from 'vitest';
import { planInjection, type InjectOptions } from '../../../src/inject/index.ts';
import type { PodSpec, PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig } from '../../../src/sidecar/index.ts';

const options: InjectOptions = { config: defaultSidecarConfig, settings: {}, podSecurity: 'privileged' };
const safeToEvict = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';
const spec = { containers: [{ name: 'nginx', image: 'nginx' }] };
const own: InjectOptions = {
  ...options,
  config: {
    form: 'custom',
    containers: [{ name: 'monitor', image: 'm:v1', stdin: true, tty: true }],
    initContainers: [],
    volumes: [],
  },
};

function reasonOf(template: PodTemplate, changed: Partial<InjectOptions> = {}): string {
  const plan = planInjection(template, { ...options, ...changed });
  return plan.inject ? 'injected' : plan.reason;
}

test('a plain pod gets the sidecar as first init container, four volumes and the status', () => {
  const plan = planInjection({ spec }, options);
  expect(plan).toMatchObject({
    inject: true,
    addition: {
      annotations: {
        'packet-capture/status':
          '{"version":"0.1.0","containers":["packet-capture"],"volumes":["packet-capture-files","packet-capture-settings","packet-capture-no-token","packet-capture-upload"],"annotations":["cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"]}',
      },
      initContainers: [{ name: 'packet-capture', restartPolicy: 'Always' }],
      containers: [],
      volumes: [
        { name: 'packet-capture-files' },
        { name: 'packet-capture-settings' },
        { name: 'packet-capture-no-token' },
        { name: 'packet-capture-upload' },
      ],
    },
  });
});

test.each([
  ['file-size', '64Mi', '656Mi'],
  ['file-count', '9', '240Mi'],
  ['keep-size', '1Gi', '1184Mi'],
])('the annotation %s: %s makes the volume larger: %s', (name, value, sizeLimit) => {
  const plan = planInjection({ metadata: { annotations: { [`packet-capture/${name}`]: value } }, spec }, options);
  expect(plan).toMatchObject({ addition: { volumes: [{ emptyDir: { sizeLimit } }, {}, {}, {}] } });
});

describe('a pod is skipped', () => {
  const annotated = (annotations: Record<string, string>): PodTemplate => ({ metadata: { annotations }, spec });
  test.each<[string, PodTemplate, Partial<InjectOptions>]>([
    ['opted_out', annotated({ 'packet-capture/inject': 'false' }), {}],
    ['opted_out', annotated({ 'packet-capture/inject': false as unknown as string }), {}],
    ['mirror_pod', annotated({ 'kubernetes.io/config.mirror': 'x' }), {}],
    [
      'already_injected',
      {
        ...annotated({ 'packet-capture/status': '{}' }),
        spec: { ...spec, initContainers: [{ name: 'packet-capture' }] },
      },
      {},
    ],
    ['foreign_status', annotated({ 'packet-capture/status': '{}' }), {}],
    [
      'status_missing',
      { spec: { ...spec, initContainers: [{ name: 'packet-capture', image: 'packet-capture/agent:0.1.0' }] } },
      {},
    ],
    ['system_namespace', { spec }, { namespace: 'kube-system' }],
    ['system_namespace', { metadata: { namespace: 'kube-node-lease' }, spec }, {}],
    ['host_network', { spec: { ...spec, hostNetwork: true } }, {}],
    ['windows', { spec: { ...spec, os: { name: 'windows' } } }, {}],
    ['windows', { spec: { ...spec, nodeSelector: { 'kubernetes.io/os': 'windows' } } }, {}],
    ['pod_security_restricted', { spec }, { podSecurity: 'restricted' }],
    ['name_collision', { spec: { containers: [{ name: 'packet-capture' }] } }, {}],
    ['name_collision', { spec: { ...spec, initContainers: [{ name: 'packet-capture' }] } }, {}],
    ['name_collision', { spec: { ...spec, volumes: [{ name: 'packet-capture-files' }] } }, {}],
    ['setting_conflict', annotated({ 'packet-capture/filter': 'port 1' }), { settings: { filter: 'port 2' } }],
    ['no_pod_template', {}, {}],
    ['no_pod_template', { spec: { containers: [] } }, {}],
    ['no_pod_template', { spec: { containers: null } }, {}],
  ])('%s: %j', (reason, template, changed) => {
    expect(reasonOf(template, changed)).toBe(reason);
  });

  test.each<[string, PodTemplate, Partial<InjectOptions>]>([
    ['opted in', annotated({ 'packet-capture/inject': 'true' }), {}],
    ['a namespace of its own', { spec }, { namespace: 'web' }],
    ['os linux', { spec: { ...spec, os: { name: 'linux' } } }, {}],
    ['the same setting', annotated({ 'packet-capture/filter': 'port 1' }), { settings: { filter: 'port 1' } }],
    ['null lists', { metadata: null, spec: { ...spec, initContainers: null, volumes: null } }, {}],
  ])('despite similar fields, it is injected: %s', (_, template, changed) => {
    expect(reasonOf(template, changed)).toBe('injected');
  });
});

test('settings become annotations that the status lists, so that they can be removed again', () => {
  const plan = planInjection(
    { metadata: { annotations: { 'packet-capture/snaplen': '96' } }, spec },
    { ...options, settings: { filter: "port 80 and host 'a'", snaplen: '96' } },
  );
  const annotations = plan.inject ? plan.addition.annotations : {};
  expect(Object.keys(annotations)).toEqual(['packet-capture/filter', 'packet-capture/status', safeToEvict]);
  expect(JSON.parse(annotations['packet-capture/status'] ?? '')).toMatchObject({
    annotations: ['packet-capture/filter', safeToEvict],
  });
});

describe('QoS class Guaranteed', () => {
  const limits = { cpu: 1, memory: '1Gi' };
  const sidecarOf = (template: PodTemplate): unknown => {
    const plan = planInjection(template, options);
    return plan.inject ? plan.addition.initContainers[0]?.resources : undefined;
  };
  const equal = { requests: { cpu: '250m', memory: '64Mi' }, limits: { cpu: '250m', memory: '64Mi' } };

  test('makes the requests of the sidecar equal its limits, also if the app only has limits', () => {
    expect(sidecarOf({ spec: { containers: [{ name: 'a', resources: { limits } }] } })).toEqual(equal);
  });
  test('is lost if an init container has no limits', () => {
    expect(
      sidecarOf({ spec: { containers: [{ name: 'a', resources: { limits } }], initContainers: [{ name: 'b' }] } }),
    ).not.toEqual(equal);
  });
  test('is lost if a request is lower than its limit', () => {
    expect(
      sidecarOf({ spec: { containers: [{ name: 'a', resources: { limits, requests: { cpu: '500m' } } }] } }),
    ).not.toEqual(equal);
  });
});

test.each<[string, object | null, boolean]>([
  ['limits', { limits: { cpu: '1' } }, true],
  ['requests', { requests: { memory: '1Gi' } }, true],
  ['empty', { limits: {}, requests: {} }, false],
  ['null', null, false],
])('a pod with pod-level resources (%s) shares them with the sidecar', (_, resources, shared) => {
  const plan = planInjection({ spec: { ...spec, resources } }, options);
  const got = plan.inject ? plan.addition.initContainers[0]?.resources : undefined;
  expect(got).toEqual(shared ? {} : defaultSidecarConfig.agent.resources);
});

describe('pod-level limits that are the sum of the containers', () => {
  const full = { cpu: '1', memory: '1Gi' };
  const limited = { name: 'a', resources: { limits: full } };
  const zero = (...names: string[]): object => {
    const amounts = Object.fromEntries(names.map((name) => [name, '0']));
    return { requests: amounts, limits: amounts };
  };
  test.each<[string, PodSpec, object]>([
    ['all of them', { containers: [limited, limited], resources: { requests: { cpu: '2' } } }, zero('cpu', 'memory')],
    [
      'init containers too',
      {
        containers: [limited],
        initContainers: [{ name: 'b', resources: { limits: { memory: '1Gi' } } }],
        resources: { requests: full },
      },
      zero('memory'),
    ],
    ['those that it does not limit', { containers: [limited], resources: { limits: { memory: '1Gi' } } }, zero('cpu')],
    ['none: it limits both', { containers: [limited], resources: { limits: full } }, {}],
    ['none: a container is without', { containers: [limited, { name: 'b' }], resources: { requests: full } }, {}],
    [
      'no others',
      { containers: [{ name: 'a', resources: { limits: { 'example.com/gpu': '1' } } }], resources: { requests: full } },
      {},
    ],
  ])('do not change with the sidecar: %s', (_, whole, resources) => {
    const plan = planInjection({ spec: whole }, options);
    expect(plan.inject && plan.addition.initContainers[0]?.resources).toEqual(resources);
    // A custom sidecar cannot be left out of the sum, so the pod is skipped.
    expect(reasonOf({ spec: whole }, own)).toBe(Object.keys(resources).length === 0 ? 'injected' : 'pod_resources');
  });

  test('skip a pod with huge pages, whose containers all need a limit', () => {
    const pages = { 'hugepages-2Mi': '4Mi' };
    const whole = (limits: object): PodTemplate => ({
      spec: {
        containers: [{ name: 'a', resources: { limits: pages } }],
        resources: { requests: pages, limits: { ...limits } },
      },
    });
    expect(reasonOf(whole({}))).toBe('pod_resources');
    expect(reasonOf(whole({}), own)).toBe('pod_resources');
    expect(reasonOf(whole(pages))).toBe('injected');
  });
});

describe('a custom sidecar', () => {
  test('is added unchanged, and nothing else', () => {
    const plan = planInjection({ spec }, own);
    expect(plan).toEqual({
      inject: true,
      addition: {
        annotations: {},
        initContainers: [],
        containers: own.config.form === 'custom' ? own.config.containers : [],
        volumes: [],
        imagePullSecrets: [],
      },
    });
  });
  test('is found again with the defaults of the API server', () => {
    const stored = {
      name: 'monitor',
      image: 'm:v1',
      stdin: true,
      tty: true,
      terminationMessagePath: '/dev/termination-log',
      resources: {},
    };
    expect(reasonOf({ spec: { containers: [...spec.containers, stored] } }, own)).toBe('already_injected');
  });
  test('is not added if another container has its name', () => {
    expect(reasonOf({ spec: { containers: [{ name: 'monitor', image: 'other' }] } }, own)).toBe('name_collision');
  });
  test('with requests is not added to a pod with pod-level resources', () => {
    const asking: InjectOptions = {
      ...own,
      config: {
        form: 'custom',
        containers: [{ name: 'monitor', resources: { requests: { cpu: '1m' } } }],
        initContainers: [],
        volumes: [],
      },
    };
    const whole = { spec: { ...spec, resources: { requests: { cpu: '1' } } } };
    expect(planInjection(whole, asking)).toEqual({ inject: false, reason: 'pod_resources' });
    expect(planInjection(whole, own)).toMatchObject({ inject: true });
    expect(planInjection({ spec }, asking)).toMatchObject({ inject: true });
  });
  test('is added in a restricted namespace, because not every custom sidecar needs NET_RAW', () => {
    expect(reasonOf({ spec }, { ...own, podSecurity: 'restricted' })).toBe('injected');
  });
});

describe('the pull secrets of the sidecar', () => {
  const config = {
    ...defaultSidecarConfig,
    agent: { ...defaultSidecarConfig.agent, imagePullSecrets: [{ name: 'a' }, { name: 'b' }] },
  };
  const secretsOf = (template: PodTemplate, atAdmission: boolean): unknown => {
    const plan = planInjection(template, { ...options, config, atAdmission });
    return plan.inject && plan.addition.imagePullSecrets;
  };

  test('are added to those of the pod at admission', () => {
    expect(secretsOf({ spec: { ...spec, imagePullSecrets: [{ name: 'a' }] } }, true)).toEqual([{ name: 'b' }]);
    expect(secretsOf({ spec }, true)).toEqual([{ name: 'a' }, { name: 'b' }]);
  });

  test('are not added to a template, whose pods would lose those of the service account', () => {
    expect(secretsOf({ spec }, false)).toEqual([]);
  });
});
