import { describe, expect, test } from 'vitest';
import { podSecurityLabel } from '../../../../src/inject/index.ts';
import { defaultAgent, defaultSidecarConfig, type CustomSidecarConfig } from '../../../../src/sidecar/index.ts';
import { digest } from '../../../../src/ways/policy/digest.ts';
import { policyObjects, policyParameters, type PolicyOptions } from '../../../../src/ways/policy/index.ts';
import { selects } from '../../../support/chart/admission.ts';

const options: PolicyOptions = {
  config: defaultSidecarConfig,
  name: 'capture',
  namespace: 'tools',
  namespaceLabel: 'example.com/capture',
  annotation: 'example.com/inject',
  optOut: false,
  failurePolicy: 'Ignore',
  probeLabels: { role: 'probe' },
};

interface Stored {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly policyName?: string;
    readonly paramRef?: { readonly name: string; readonly namespace: string };
    readonly matchResources?: { readonly namespaceSelector: Selector; readonly objectSelector?: Selector };
  };
}
type Selector = Parameters<typeof selects>[0];

const objectsOf = (changed: Partial<PolicyOptions> = {}): readonly Stored[] =>
  policyObjects({ ...options, ...changed }) as readonly Stored[];
const own = (container: object): CustomSidecarConfig => ({
  form: 'custom',
  containers: [{ name: 'a', image: 'b', ...container }],
  initContainers: [],
  volumes: [],
});

test('every binding finds its policy and its parameters', () => {
  const objects = objectsOf();
  const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
  const bindings = objects.filter(({ kind }) => kind === 'MutatingAdmissionPolicyBinding');
  expect(bindings.map(({ metadata }) => metadata.name)).toEqual([
    'capture.tools',
    'capture.tools.baseline',
    'capture.tools.probe',
  ]);
  for (const { spec } of bindings) {
    expect(names).toContain(`MutatingAdmissionPolicy /${spec?.policyName ?? ''}`);
    expect(names).toContain(`ConfigMap ${spec?.paramRef?.namespace ?? ''}/${spec?.paramRef?.name ?? ''}`);
  }
  expect(objects.flatMap(({ data }) => (data === undefined ? [] : [data['profile']]))).toEqual([
    'privileged',
    'baseline',
    'probe',
  ]);
});

test('the name of parameters stands for their data', () => {
  const namesOf = (changed: Partial<PolicyOptions>): string[] =>
    objectsOf(changed).flatMap(({ data, metadata }) => (data === undefined ? [] : [metadata.name]));
  const withFilter = (filter: string): Partial<PolicyOptions> => ({
    config: { ...defaultSidecarConfig, settings: { filter } },
  });
  expect(namesOf({})[1]).toMatch(/^capture-policy-baseline-[0-9a-f]{8}$/);
  expect(namesOf({ labels: { team: 'net' }, failurePolicy: 'Fail' })).toEqual(namesOf({}));
  const changes = [
    {},
    { optOut: true },
    { annotation: 'a' },
    withFilter('ab'),
    withFilter('ba'),
    withFilter('b'),
    { config: own({}) },
  ];
  expect(new Set(changes.flatMap(namesOf).map((each) => each.slice(-8)))).toHaveLength(changes.flatMap(namesOf).length);
  expect(objectsOf().filter(({ kind }) => kind === 'ConfigMap')).toEqual(
    [1, 2, 3].map(() => expect.objectContaining({ immutable: true }) as unknown),
  );
});

test('the order of what the data were made from does not matter', () => {
  const one = digest({ a: '1', b: '2' });
  expect(digest({ b: '2', a: '1' })).toBe(one);
  expect(digest({ a: '2', b: '1' })).not.toBe(one);
});

describe('a pod is bound', () => {
  const level = 'pod-security.kubernetes.io/enforce';
  const bindings = objectsOf({ excludedNamespaces: ['kube-public'] }).filter(
    ({ spec }) => spec?.matchResources !== undefined,
  );
  const bound = (
    namespace: string,
    labels: Readonly<Record<string, string>>,
    pod: Readonly<Record<string, string>> = {},
  ): string[] =>
    bindings
      .filter(({ spec }) =>
        selects(spec?.matchResources?.namespaceSelector ?? {}, { ...labels, 'kubernetes.io/metadata.name': namespace }),
      )
      .filter(({ spec }) => selects(spec?.matchResources?.objectSelector ?? {}, pod))
      .map(({ metadata }) => metadata.name);
  const opted = { 'example.com/capture': 'enabled' };

  test.each([
    ['in an opted-in namespace', 'shop', opted, {}, ['capture.tools']],
    ['where privileged is enforced', 'shop', { ...opted, [level]: 'privileged' }, {}, ['capture.tools']],
    ['where baseline is enforced', 'shop', { ...opted, [level]: 'baseline' }, {}, ['capture.tools.baseline']],
    ['nowhere where restricted is enforced', 'shop', { ...opted, [level]: 'restricted' }, {}, []],
    ['nowhere else', 'shop', {}, {}, []],
    ['nowhere that says otherwise', 'shop', { 'example.com/capture': 'disabled' }, {}, []],
    ['not among the parameters', 'tools', opted, {}, []],
    ['not where it is excluded', 'kube-public', opted, {}, []],
    ['as a probe among the parameters', 'tools', {}, { role: 'probe' }, ['capture.tools.probe']],
    ['once as a probe in another namespace', 'shop', opted, { role: 'probe' }, ['capture.tools']],
  ])('%s', (_, namespace, labels, pod, expected) => {
    expect(bound(namespace, labels, pod)).toEqual(expected);
  });
});

test.each([
  ['auto', { [podSecurityLabel]: 'baseline' }, 'capture.tools.baseline'],
  ['auto', {}, 'capture.tools'],
  ['baseline', {}, 'capture.tools.baseline'],
  ['baseline', { [podSecurityLabel]: 'privileged' }, 'capture.tools'],
  ['baseline', { [podSecurityLabel]: 'restricted' }, undefined],
  ['restricted', {}, undefined],
  ['restricted', { [podSecurityLabel]: 'privileged' }, 'capture.tools'],
] as const)(
  'where namespaces without a label are taken for %s, one with %j is bound by %s',
  (podSecurity, labels, name) => {
    const bindings = objectsOf({ podSecurity }).filter(
      ({ metadata, spec }) => spec?.matchResources !== undefined && !metadata.name.endsWith('.probe'),
    );
    const selected = { 'example.com/capture': 'enabled', 'kubernetes.io/metadata.name': 'shop', ...labels };
    expect(
      bindings
        .filter(({ spec }) => selects(spec?.matchResources?.namespaceSelector ?? {}, selected))
        .map(({ metadata }) => metadata.name),
    ).toEqual(name === undefined ? [] : [name]);
  },
);

test("a sidecar of the user's own is bound in baseline namespaces when baseline admits it, and has no probe", () => {
  const bindingsOf = (config: CustomSidecarConfig): string[] =>
    objectsOf({ config }).flatMap(({ kind, metadata }) => (kind.endsWith('Binding') ? [metadata.name] : []));
  expect(bindingsOf(own({}))).toEqual(['capture.tools', 'capture.tools.baseline']);
  expect(bindingsOf(own({ securityContext: { privileged: true } }))).toEqual(['capture.tools']);
});

test('what the parameters say', () => {
  const agent = {
    ...defaultAgent,
    imagePullSecrets: [{ name: 'a' }, { name: 'b.c' }],
    resources: { limits: { memory: '64Mi', cpu: 1 } },
  };
  const config = { form: 'agent', agent, settings: { filter: 'tcp', snaplen: '' } } as const;
  expect(policyParameters(config, { profile: 'baseline', annotation: 'x/y', optOut: true })).toEqual({
    profile: 'baseline',
    annotation: 'x/y',
    optOut: 'true',
    image: defaultAgent.image,
    imagePullPolicy: 'IfNotPresent',
    imagePullSecrets: 'a,b.c',
    requests: '',
    limits: 'cpu=1,memory=64Mi',
    maxVolumeMebibytes: '10240',
    runAsUser: '60947',
    runAsGroup: '60947',
    seccompProfile: 'RuntimeDefault',
    skipRuntimeClasses: 'gvisor*,runsc*',
    'setting.filter': 'tcp',
  });
});

test('resources that the expressions cannot carry are refused', () => {
  const resources = { limits: {}, claims: [{ name: 'gpu' }] };
  const config = { ...defaultSidecarConfig, agent: { ...defaultAgent, resources } };
  expect(() => policyObjects({ ...options, config })).toThrow(
    'agent.resources.claims cannot be given to an admission policy',
  );
});
