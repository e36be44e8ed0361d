import { expect, test } from 'vitest';
import { judge } from '../../../../src/diagnosis/judge/judge.ts';
import { policyReleases } from '../../../../src/diagnosis/read/policyReleases.ts';
import { webhookReleases, type Release } from '../../../../src/diagnosis/read/releases.ts';
import type {
  ConfigMap,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from '../../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig, type SidecarConfig } from '../../../../src/sidecar/index.ts';
import { policyObjects, type PolicyOptions } from '../../../../src/ways/policy/index.ts';
import { configuration, optedIn, pod, release, stateOf, subject } from '../../../support/diagnosis/builders.ts';

test('a release is found by its webhooks; its keys and its probe are read from the configuration', () => {
  expect(webhookReleases([{ metadata: { name: 'other' }, webhooks: [{ name: 'injector.istio.io' }] }])).toEqual([]);
  expect(release('sidecar-injector', 'morven.me/inject')).toMatchObject({
    way: 'webhook',
    name: 'capture',
    namespace: 'system',
    object: 'capture.system',
    version: '0.1.0',
    failurePolicy: 'Ignore',
    annotation: 'morven.me/inject',
    optOut: false,
    namespaceLabel: 'sidecar-injector',
    probe: { release: 'capture', namespace: 'system' },
  });
  expect(release('a/injection', 'a/inject', true)).toMatchObject({ annotation: 'a/inject', optOut: true });
  expect(webhookReleases([configuration()])[0]?.rules.map(({ profile }) => profile)).toEqual([
    'privileged',
    'baseline',
  ]);
});

const wish: PolicyOptions = {
  config: defaultSidecarConfig,
  name: 'capture',
  namespace: 'system',
  namespaceLabel: 'a/injection',
  annotation: 'a/inject',
  optOut: false,
  excludedNamespaces: ['kube-system'],
  failurePolicy: 'Ignore',
  probeLabels: { 'app.kubernetes.io/instance': 'capture', 'app.kubernetes.io/component': 'probe' },
};

/** The objects of a policy as the API server has them. */
function releaseOf(options: PolicyOptions, withParameters = true): Release {
  const objects = policyObjects(options) as readonly ({ readonly kind: string } & MutatingAdmissionPolicy)[];
  const ofKind = <T>(kind: string): T[] => objects.filter((object) => object.kind === kind) as unknown as T[];
  const [found, ...others] = policyReleases({
    policies: [
      ...ofKind<MutatingAdmissionPolicy>('MutatingAdmissionPolicy'),
      { metadata: { name: 'other' }, spec: {} },
    ],
    bindings: ofKind<MutatingAdmissionPolicyBinding>('MutatingAdmissionPolicyBinding'),
    parameters: withParameters ? ofKind<ConfigMap>('ConfigMap') : [],
    unreadable: [],
  });
  if (found === undefined || others.length > 0) throw new Error('not one release');
  return found;
}

test('a policy is found by its conditions; its keys are those of its parameters', () => {
  const image = 'registry.internal/agent:2';
  const found = releaseOf({
    ...wish,
    config: { ...defaultSidecarConfig, agent: { ...defaultSidecarConfig.agent, image } },
  });
  expect(found).toMatchObject({
    way: 'policy',
    name: 'capture.system',
    namespace: 'system',
    annotation: 'a/inject',
    optOut: false,
    namespaceLabel: 'a/injection',
    failurePolicy: 'Ignore',
    probe: { release: 'capture', namespace: 'system' },
    parameters: { missing: [], customNames: [], sidecar: { form: 'agent', agent: { image } } },
  });
  expect(found.rules.map(({ profile }) => profile)).toEqual(['privileged', 'baseline']);
  expect(releaseOf({ ...wish, optOut: true }).optOut).toBe(true);
});

test('missing parameters are named, and the rest of the release is kept', () => {
  const found = releaseOf(wish, false);
  expect(found.parameters?.missing).toHaveLength(3);
  expect(found.namespaceLabel).toBe('a/injection');
  expect(found.rules.map(({ profile }) => profile)).toEqual(['privileged', 'baseline']);
});

test('for a policy, its own key and its own selectors decide about a pod', () => {
  const labels = { ...optedIn, 'a/injection': 'enabled' };
  const state = stateOf(releaseOf(wish));
  expect(judge(subject(pod({ 'a/inject': 'true' }), { namespaceLabels: labels }), [state])).toMatchObject({
    asks: true,
    reason: undefined,
  });
  expect(judge(subject(pod({ 'a/inject': 'true' })), [state]).reason).toBe('namespace_not_opted_in');
});

test.each([[['dump']], [['dump', 'ship']]])('a policy with a custom sidecar: containers %j', (names) => {
  const labels = { ...optedIn, 'a/injection': 'enabled' };
  const containers = names.map((name) => ({ name, image: 'dump' }));
  const config: SidecarConfig = { form: 'custom', containers, initContainers: [], volumes: [] };
  const own = stateOf(releaseOf({ ...wish, config }), { sidecar: undefined });
  const carrying = pod({ 'a/inject': 'true' }, { containers: [{ name: 'app' }, ...containers] });
  expect(own.release.parameters?.customNames).toEqual(names);
  expect(judge(subject(carrying, { namespaceLabels: labels }), [own]).carries).toBe(true);
  expect(judge(subject(pod({ 'a/inject': 'true' }), { namespaceLabels: labels }), [own]).carries).toBe(false);
});
