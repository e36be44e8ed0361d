import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { PodTemplate } from '../../src/kubernetes/api/types.ts';
import { injectAnnotation } from '../../src/settings/index.ts';
import type { AgentSidecarConfig, CustomSidecarConfig } from '../../src/sidecar/index.ts';
import { addedAnnotationBytes } from '../../src/ways/policy/annotationsCel.ts';
import { policyParameters } from '../../src/ways/policy/index.ts';
import { isInjected, probePod } from '../../src/ways/webhook/probe.ts';
import { probeAddition } from '../../src/ways/webhook/probeAddition.ts';
import { kube } from '../support/cluster/clusterFixture.ts';
import {
  admitted,
  atAdmission,
  inForce,
  listOf,
  planFor,
  policyFixture,
  strict,
  withAddition,
  withAnnotations,
  type Planned,
  type TroubledObject,
} from '../support/cluster/policyFixture.ts';
import { anyPod, largePods } from '../support/cluster/policyPods.ts';
import { podFixtures, runtimeClasses } from '../support/pods/index.ts';
import { sizes } from '../support/pods/sizes.ts';

const name = 'policy-test';
const release = `${name}-release`;
const namespaceLabel = `${name}/injection`;
const annotation = 'sidecar-injector-webhook.morven.me/inject';
const asks = { [annotation]: 'true' };

/** Nothing in it is a default. */
const config: AgentSidecarConfig = {
  form: 'agent',
  agent: {
    image: 'registry.example:5000/agent@sha256:0000000000000000000000000000000000000000000000000000000000000000',
    imagePullPolicy: 'Never',
    imagePullSecrets: [{ name: 'registry' }, { name: 'mirror.registry' }],
    resources: {
      requests: { cpu: 0.01, memory: '16Mi', 'ephemeral-storage': '1Gi' },
      limits: { memory: '64Mi', cpu: '1', 'ephemeral-storage': '2Gi' },
    },
    metricsPort: 9464,
  },
  settings: {
    filter: `host "a" or 'b' \\ $(X)\n{{ü}}`,
    'file-size': '8Mi',
    'file-count': '3',
    state: 'idle',
    snaplen: '',
  },
};
const own: CustomSidecarConfig = {
  form: 'custom',
  initContainers: [
    {
      name: 'first',
      image: 'a',
      restartPolicy: 'Always',
      args: [],
      env: [
        { name: 'A', value: 'it\'s "b"' },
        { name: 'N', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      ],
    },
    {
      name: 'second',
      image: 'b',
      securityContext: { runAsUser: 0, privileged: false, capabilities: { drop: ['ALL'] } },
    },
  ],
  containers: [
    {
      name: 'monitor',
      image: 'c',
      ports: [{ containerPort: 9 }],
      volumeMounts: [{ name: 'dumps', mountPath: '/dumps' }],
    },
  ],
  volumes: [
    { name: 'dumps', emptyDir: { sizeLimit: '1Gi' } },
    { name: 'more', emptyDir: {} },
  ],
};

/** Whoever says nothing gets a mirror, too; of the pod's security context more counts, and no ring may be large. */
const mirroring: AgentSidecarConfig = {
  ...config,
  agent: {
    ...config.agent,
    maxVolumeSize: '1Gi',
    securityContext: { runAsUser: null, runAsGroup: 0, seccompProfile: null },
  },
  settings: { ...config.settings, mirror: 'vxlan://collector?vni=7' },
};

const spaces = {
  privileged: `${name}-privileged`,
  baseline: `${name}-baseline`,
  out: `${name}-out`,
  optOut: `${name}-opt-out`,
  own: `${name}-own`,
};
const probeLabels = { 'app.kubernetes.io/instance': name, 'app.kubernetes.io/component': 'probe' };
const common = { namespace: release, annotation };

// They stay: other tests on the node may name them too.
beforeAll(async () => kube(['apply', '-f', '-'], listOf(runtimeClasses)));

policyFixture(
  {
    [release]: { [namespaceLabel]: 'enabled' },
    [spaces.privileged]: { [namespaceLabel]: 'enabled' },
    [spaces.baseline]: { [namespaceLabel]: 'enabled', 'pod-security.kubernetes.io/enforce': 'baseline' },
    [spaces.out]: {},
    [spaces.optOut]: { [`${name}/opt-out`]: 'enabled' },
    [spaces.own]: { [`${name}/own`]: 'enabled' },
  },
  [
    ...[spaces.privileged, spaces.out, spaces.own].map((namespace) => ({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'puller', namespace },
    })),
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: {
        name: 'careful',
        namespace: spaces.privileged,
        annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' },
      },
      imagePullSecrets: config.agent.imagePullSecrets,
    },
    ...strict({ ...common, config, name, namespaceLabel, probeLabels }),
    ...strict({
      ...common,
      config: mirroring,
      name: `${name}-opt-out`,
      namespaceLabel: `${name}/opt-out`,
      optOut: true,
    }),
    ...strict({ ...common, config: own, name: `${name}-own`, namespaceLabel: `${name}/own` }),
  ],
);

beforeAll(async () => {
  const pod = { metadata: { annotations: asks }, spec: { containers: [{ name: 'app', image: 'x' }] } };
  for (const namespace of [spaces.privileged, spaces.baseline, spaces.optOut, spaces.own])
    await inForce(namespace, pod);
});

/** Pods that all ask, unless they say otherwise. */
const asking = (pods: readonly PodTemplate[]): PodTemplate[] => withAnnotations(pods, asks);

/** That the policy makes of pods just what the other ways do; how many got a sidecar. */
async function sameAsPlanned(
  pods: readonly PodTemplate[],
  namespace: string,
  options: Partial<Planned> = {},
): Promise<number> {
  const stored = await admitted(spaces.out, pods);
  const plain = stored.pods.map((pod, index) => atAdmission(pod, pods[index]));
  const plans = plain.map((pod) =>
    planFor(pod, { config, annotation, optOut: false, podSecurity: 'privileged', ...options, namespace }),
  );
  const patched = plain.map((pod, index) => {
    const plan = plans[index];
    return plan?.inject === true ? withAddition(pod, plan.addition) : pod;
  });
  const [expected, actual] = [await admitted(spaces.out, patched), await admitted(namespace, pods)];
  expect(actual.errors).toBe('');
  for (const [index, pod] of actual.pods.entries())
    expect(pod, JSON.stringify(pods[index])).toEqual(expected.pods[index]);
  return plans.filter(({ inject }) => inject).length;
}

const mended = ['request-above-limit', 'good'];
/** Parameters as nobody should write them; the last is as it should be, and comes into force after the others. */
const troubled: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
  'no-image': { image: '' },
  'blank-image': { image: ' a ' },
  'no-policy': { imagePullPolicy: 'Sometimes' },
  'no-quantity': { limits: 'cpu=1,memory=lots' },
  'no-amount': { requests: 'cpu' },
  negative: { requests: 'cpu=-1' },
  'no-comma': { requests: 'cpu=1;memory=1Gi' },
  'two-units': { requests: 'cpu=1MiB' },
  'port-of-root': { metricsPort: '80' },
  'no-port': { metricsPort: 'http' },
  'port-too-high': { metricsPort: '65536' },
  'no-limits': { limits: undefined },
  'no-annotation': { annotation: undefined },
  'no-data': Object.fromEntries(
    Object.keys(policyParameters(config, { profile: 'privileged', annotation, optOut: false })).map((key) => [
      key,
      undefined,
    ]),
  ),
  'request-above-limit': { requests: 'cpu=2,memory=1Mi', limits: 'cpu=1' },
  good: {},
};

/** Of one policy all, for expressions are slow to compile: a namespace's parameters and a binding. */
function troubledObjects(what: string, changed: Readonly<Record<string, string | undefined>>): readonly object[] {
  const objects = strict({
    ...common,
    config,
    name: `${name}-${what}`,
    namespaceLabel: `${name}/${what}`,
    failurePolicy: 'Ignore',
  }) as readonly TroubledObject[];
  return objects
    .filter(({ kind }) => kind !== 'MutatingAdmissionPolicy' || what === 'good')
    .map((object) => ({
      ...object,
      ...(object.data === undefined
        ? {}
        : { data: JSON.parse(JSON.stringify({ ...object.data, ...changed })) as object }),
      ...(object.spec?.policyName === undefined
        ? {}
        : { spec: { ...object.spec, policyName: `${name}-good.${release}` } }),
    }));
}

describe('invalid parameters', () => {
  const objects = Object.entries(troubled).flatMap(([what, changed]) => troubledObjects(what, changed));
  const namespaces = Object.keys(troubled).map(
    (what) => [`${name}-${what}`, { [`${name}/${what}`]: 'enabled' }] as const,
  );
  policyFixture(Object.fromEntries(namespaces), objects);

  test('never prevent the creation of a pod', async () => {
    const pod = { metadata: { annotations: asks }, spec: { containers: [{ name: 'app', image: 'x' }] } };
    for (const what of mended) await inForce(`${name}-${what}`, pod);
    const results = await admitted(
      namespaces.map(([namespace]) => namespace),
      namespaces.map(() => pod),
    );
    expect(results.errors).toBe('');
    const lengths = results.pods.map((made) => made?.spec?.initContainers?.length ?? 0);
    expect(Object.fromEntries(Object.keys(troubled).map((what, index) => [what, lengths[index]]))).toEqual(
      Object.fromEntries(Object.keys(troubled).map((what) => [what, mended.includes(what) ? 1 : 0])),
    );
  });
});

describe('the policy changes a pod as all other ways do', () => {
  const fixtures = podFixtures.filter(({ namespace, level }) => namespace === undefined && level !== 'restricted');
  const of = (level: string): PodTemplate[] =>
    fixtures.filter((fixture) => fixture.level === level).map(({ template }) => template);

  test('of every kind of pod', async () => {
    const count = await sameAsPlanned(
      asking(of('privileged').filter((_, index) => index % 2 === 0)),
      spaces.privileged,
    );
    expect(count).toBeGreaterThan(30);
  });

  test('in a namespace that enforces Pod Security baseline', async () => {
    expect(await sameAsPlanned(asking(of('baseline')), spaces.baseline, { podSecurity: 'baseline' })).toBeGreaterThan(
      3,
    );
  });

  test('of generated pods', async () => {
    const pods = fc.sample(anyPod(annotation), { numRuns: 60, seed: 1 });
    const count = await sameAsPlanned(pods, spaces.privileged);
    expect(count).toBeGreaterThan(20);
    expect(count).toBeLessThan(50);
  });

  test('of pods without an annotation, in a release that injects all pods that do not opt out', async () => {
    const pods = fc.sample(anyPod(annotation), { numRuns: 20, seed: 2 });
    expect(await sameAsPlanned(pods, spaces.optOut, { config: mirroring, optOut: true })).toBeGreaterThan(10);
  });

  test("of very large pods, without reaching the limit of CEL's cost", async () => {
    const pods = [...largePods(annotation), ...asking(sizes.map(({ template }) => template))];
    expect(await sameAsPlanned(pods, spaces.privileged)).toBe(pods.length);
  });

  test('with a custom sidecar', async () => {
    const pods = asking(of('privileged').filter((_, index) => index % 4 === 1));
    expect(await sameAsPlanned(pods, spaces.own, { config: own })).toBeGreaterThan(15);
  });
});

describe('a probe', () => {
  const probe = { ...(probePod({ release: name, namespace: release, image: 'x' }) as PodTemplate) };

  test('is answered as by the webhook, only in a dry run', async () => {
    await inForce(release, probe);
    const plain = atAdmission((await admitted(spaces.out, [probe])).pods[0], probe);
    const addition = probeAddition(plain, config);
    if (typeof addition === 'string') throw new Error(addition);
    const expected = await admitted(spaces.out, [withAddition(plain, addition)]);
    const { pods } = await admitted(release, [probe]);
    expect(pods[0]).toEqual(expected.pods[0]);
    expect(isInjected(pods[0])).toBe(true);
  });
});

test('a pod whose service account allows only its own Secrets is created with the sidecar', async () => {
  const { pods, errors } = await admitted(spaces.privileged, [
    {
      metadata: { annotations: asks },
      spec: { serviceAccountName: 'careful', containers: [{ name: 'app', image: 'x' }] },
    },
  ]);
  expect(errors).toBe('');
  expect(pods[0]?.spec?.volumes?.map(({ name: volume }) => volume)).toContain('packet-capture-upload');
});

test('a pod whose annotations would become too large is not injected', async () => {
  const limit = 256 * 1024;
  const others = Object.entries({ ...asks, big: '' }).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  const pod = (bytes: number): PodTemplate => ({
    metadata: { annotations: { ...asks, big: 'x'.repeat(bytes) } },
    spec: { containers: [{ name: 'app', image: 'x' }] },
  });
  const room = limit - others - addedAnnotationBytes;
  const { pods, errors } = await admitted(spaces.privileged, [pod(room), pod(room + 1), pod(limit - others)]);
  expect(errors).toBe('');
  expect(pods.map((made) => made?.spec?.initContainers?.length)).toEqual([1, undefined, undefined]);
});

test('the annotations of the two keys are distinguished', async () => {
  const pod = (annotations: Record<string, string>): PodTemplate => ({
    metadata: { annotations },
    spec: { containers: [{ name: 'app', image: 'x' }] },
  });
  const { pods } = await admitted(spaces.privileged, [
    pod(asks),
    pod({ [injectAnnotation]: 'true' }),
    pod({ ...asks, [injectAnnotation]: 'false' }),
    pod({ [annotation]: 'True' }),
  ]);
  expect(pods.map((admittedPod) => admittedPod?.spec?.initContainers?.length)).toEqual([
    1,
    undefined,
    undefined,
    undefined,
  ]);
});
