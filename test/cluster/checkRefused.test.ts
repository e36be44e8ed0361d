import { afterAll, beforeAll, expect, test } from 'vitest';
import { pauseImage } from '../../scripts/cluster/nodeConfig.ts';
import { whyInjected } from '../../src/diagnosis/index.ts';
import { restartAll } from '../../src/diagnosis/restart.ts';
import { kube } from '../support/cluster/clusterFixture.ts';
import { check, list, site } from '../support/cluster/diagnosisFixture.ts';
import { carrying, deploymentOf, templateOf, useKubectl } from '../support/cluster/dryRunFixture.ts';

const kubectl = useKubectl();
const shop = `refused-${Date.now().toString(36)}`;
const pulling = `${shop}-pulling`;
const app = { containers: [{ name: 'app', image: pauseImage, imagePullPolicy: 'Never' }] };
const large = {
  containers: [
    { name: 'app', image: pauseImage, resources: { limits: { memory: '1Gi' }, requests: { memory: '10Mi' } } },
  ],
};

/** Nothing listens there: the pull fails at once. */
const absentImage = '127.0.0.1:1/agent:1';

function injected(namespace: string, name: string, spec: Parameters<typeof deploymentOf>[2], image?: string): object {
  const object = deploymentOf(namespace, name, spec);
  return { ...object, spec: { ...object.spec, template: carrying(templateOf(object), image) } };
}

beforeAll(async () => {
  const limits = [
    {
      type: 'Container',
      maxLimitRequestRatio: { cpu: '4', memory: '2' },
      default: { cpu: '400m', memory: '256Mi' },
      defaultRequest: { cpu: '200m', memory: '128Mi' },
    },
  ];
  const range = {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'no-overcommit', namespace: shop },
    spec: { limits },
  };
  await kube(['create', '-f', '-'], list([site(shop), site(pulling), range]));
  await kube(
    ['create', '-f', '-'],
    list([
      injected(shop, 'ours', app),
      injected(shop, 'anyway', large),
      deploymentOf(shop, 'foreign', large),
      injected(pulling, 'absent', { ...app, nodeSelector: {} }, absentImage),
    ]),
  );
  for (const name of ['ours', 'anyway', 'foreign'])
    await kube(['wait', '-n', shop, `deploy/${name}`, '--for=condition=ReplicaFailure', '--timeout=240s']);
});

afterAll(async () => {
  await kube(['delete', 'namespace', shop, pulling, '--ignore-not-found', '--wait=false']);
});

test('for workloads without pods, a refusal because of the sidecar is an error with a remedy, another refusal is a note, and others have no finding', async () => {
  const { ok, findings } = await check(shop);
  expect(ok).toBe(false);
  expect(findings.filter(({ code }) => code.startsWith('pods_refused'))).toEqual([
    expect.objectContaining({ level: 'note', code: 'pods_refused', where: `deployment/anyway in ${shop}` }),
    expect.objectContaining({
      level: 'error',
      code: 'pods_refused_by_sidecar',
      where: `deployment/ours in ${shop}`,
      what: expect.stringMatching(
        /^the LimitRange no-overcommit: .*cpu max limit to request ratio per Container is 4, but provided ratio is 25/,
      ),
      hint: expect.stringContaining('packet-capture/cpu-request=63m'),
    }),
  ]);
});

test('a workload whose new pods would be refused is not restarted', async () => {
  const generation = async (): Promise<string> =>
    kube(['get', '-n', shop, 'deploy/ours', '-o', 'jsonpath={.metadata.generation}']);
  const before = await generation();
  expect(await restartAll(kubectl(), [{ namespace: shop, owner: 'deployment/ours', pods: 1 }])).toMatchObject([
    { result: 'refused', message: expect.stringMatching(/^the LimitRange no-overcommit: /) },
  ]);
  expect(await generation()).toBe(before);
});

test('a sidecar whose image cannot be pulled is an error', async () => {
  const waiting = async (): Promise<readonly object[]> =>
    (await check(pulling)).findings.filter(({ code }) => code === 'sidecar_waiting');
  await expect.poll(waiting, { interval: 1000 }).toEqual([
    expect.objectContaining({
      level: 'error',
      where: `deployment/absent in ${pulling}`,
      what: expect.stringMatching(
        /^1 pod: container packet-capture, image 127\.0\.0\.1:1\/agent:1: (ErrImagePull|ImagePullBackOff): /,
      ),
    }),
  ]);
});

test('when a workload runs and its new pod waits, why names the container, and does not advise to stop the pod that runs', async () => {
  const spec = { ...app, nodeSelector: {} };
  await kube(['create', '-f', '-'], JSON.stringify(deploymentOf(pulling, 'rolled', spec)));
  await kube(['wait', '-n', pulling, 'deploy/rolled', '--for=condition=Available', '--timeout=240s']);
  const [old = ''] = (await kube(['get', 'pods', '-n', pulling, '-l', 'app=rolled', '-o', 'name'])).trim().split('\n');
  await kube(['apply', '-f', '-'], JSON.stringify(injected(pulling, 'rolled', spec, absentImage)));
  for (const target of ['deploy/rolled', old]) {
    const why = async (): Promise<object> =>
      whyInjected({ target, kubectl: kubectl('--namespace', pulling), now: new Date() });
    await expect.poll(why, { interval: 1000 }).toMatchObject({
      state: target === old ? 'missed' : 'broken',
      reason: 'sidecar_waiting',
      next: expect.stringContaining('do not restart the running pods'),
      conditions: expect.arrayContaining([
        {
          met: false,
          what: expect.stringMatching(
            /^1 pod waits: container packet-capture, image 127\.0\.0\.1:1\/agent:1: (ErrImagePull|ImagePullBackOff): ./,
          ),
        },
      ]),
    });
  }
});
