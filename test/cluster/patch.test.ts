import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pauseImage } from '../../scripts/cluster/nodeConfig.ts';
import { makeKubectl, patchWorkload, unpatchWorkload, type PatchOptions } from '../../src/cluster/index.ts';
import { bench, create, isSend, monitorConfig, podTemplate, rolledOut, stored, workload, writeKubectl, type Bench } from './patchBench.ts';
import { kube, loadImages, namespaceYaml, podField } from './workbench.ts';

// Unlike in any other run on a node that is kept: a namespace takes its time to vanish.
const run = Date.now().toString(36);
const shop = `patch-${run}`;
const baseline = `patch-baseline-${run}`;
const restricted = `patch-restricted-${run}`;
const limited = `patch-limited-${run}`;

const kubectl = await writeKubectl();

function at(target: string, changed: Partial<PatchOptions> & { readonly namespace?: string } = {}, around?: (args: readonly string[]) => Promise<void>): Bench {
  return bench(kubectl.program, changed.namespace ?? shop, target, changed, around);
}

beforeAll(async () => {
  await loadImages();
  const namespaces = [namespaceYaml(shop), namespaceYaml(baseline, 'baseline'), namespaceYaml(restricted, 'restricted'), namespaceYaml(limited)];
  await kube(['create', '-f', '-'], namespaces.join('---\n'));
});

afterAll(async () => {
  await kube(['delete', 'namespace', shop, baseline, restricted, limited, '--wait=false']);
  await kubectl.remove();
});

describe('a Deployment', () => {
  test('gets the sidecar, once, and is as it was before when it is taken out again', async () => {
    await create(shop, workload('Deployment', 'web'));
    await rolledOut(shop, 'deploy/web');
    const before = await stored(shop, 'deploy/web');

    const first = at('deploy/web', { settings: { filter: "tcp port 80 or host 'x'" }, wait: true });
    expect(await patchWorkload(first.options)).toMatchObject({ kind: 'Deployment', name: 'web', namespace: shop, result: 'patched', rollout: { state: 'complete' } });
    expect(first.lines[0]).toBe(`deployment/web in namespace ${shop}: 1 pod will restart, a few at a time (RollingUpdate, maxSurge 25%, maxUnavailable 25%)`);
    expect(first.lines.at(-1)).toMatch(/^deployment\/web: 1 of 1 pod updated, 1 available, \d+s$/);
    const patched = await stored(shop, 'deploy/web');
    expect(patched.spec.template.metadata?.annotations?.['packet-capture/filter']).toBe("tcp port 80 or host 'x'");
    expect(patched.spec.template.spec.initContainers).toMatchObject([{ name: 'packet-capture', restartPolicy: 'Always' }]);
    expect(patched.metadata.managedFields?.map(({ manager }) => manager)).toContain('packet-capture');
    const [pod = ''] = (await kube(['get', 'pods', '-n', shop, '-l', 'app=web', '-o', 'name'])).split('\n');
    expect(await podField(shop, pod.replace('pod/', ''), '.status.initContainerStatuses[0].ready')).toBe('true');

    const second = at('deployments.apps/web', { settings: { filter: 'udp' } });
    expect(await patchWorkload(second.options)).toMatchObject({ result: 'unchanged', reason: 'already_injected', patch: [], warnings: [expect.stringContaining('filter is not changed')] });
    expect(second.calls.filter(([verb]) => verb === 'patch')).toEqual([]);

    expect(await unpatchWorkload(at('deploy/web').options)).toMatchObject({ result: 'unpatched' });
    expect((await stored(shop, 'deploy/web')).spec).toEqual(before.spec);
    expect(await unpatchWorkload(at('deploy/web').options)).toMatchObject({ result: 'unchanged', reason: 'not_injected' });
  });

  test('a dry run is judged by the API server and changes nothing', async () => {
    await create(shop, workload('Deployment', 'dry', { replicas: 0 }));
    const before = await stored(shop, 'deploy/dry');
    const { options, calls } = at('deploy/dry', { dryRun: true, wait: true });
    const result = await patchWorkload(options);
    expect(result).toMatchObject({ result: 'dry-run', restarts: 'no pod restarts: it is scaled to 0' });
    expect(result.patch.map(({ op, path }) => `${op} ${path}`)).toEqual([
      'test /metadata/uid',
      'test /metadata/generation',
      'add /spec/template/metadata/annotations',
      'add /spec/template/spec/volumes',
      'add /spec/template/spec/initContainers',
    ]);
    expect(calls.filter(isSend)).toEqual([]);
    expect(await stored(shop, 'deploy/dry')).toEqual(before);
  });

  test('of a Helm release is patched, with a warning', async () => {
    const metadata = { labels: { 'app.kubernetes.io/managed-by': 'Helm' }, annotations: { 'meta.helm.sh/release-name': 'shop' } };
    await create(shop, workload('Deployment', 'released', { replicas: 0 }, metadata));
    const { options, lines } = at('deploy/released');
    expect(await patchWorkload(options)).toMatchObject({ result: 'patched', warnings: [expect.stringContaining('Helm manages this workload')] });
    expect(lines).toContainEqual(expect.stringMatching(/^warning: Helm manages .*inject/));
  });
});

describe('the other kinds', () => {
  const cronJob = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly' },
    spec: { schedule: '0 3 * * *', suspend: true, jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: pauseImage }] } } } } },
  };
  const controller = {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'old' },
    spec: { replicas: 0, selector: { app: 'old' }, template: podTemplate('old') },
  };
  const data = {
    replicas: 0,
    template: podTemplate('db', { volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
    volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }],
  };

  test.each<readonly [string, object]>([
    ['statefulset/db', workload('StatefulSet', 'db', data)],
    ['daemonset/logs', workload('DaemonSet', 'logs')],
    ['replicaset/single', workload('ReplicaSet', 'single', { replicas: 0 })],
    ['replicationcontroller/old', controller],
    ['cronjob/nightly', cronJob],
  ])('%s is patched, once, and is as it was before when unpatched', async (target, object) => {
    await create(shop, object);
    const before = await stored(shop, target);
    expect(await patchWorkload(at(target).options)).toMatchObject({ result: 'patched' });
    const { spec } = await stored(shop, target);
    const template = target.startsWith('cronjob') ? spec.jobTemplate.spec.template : spec.template;
    expect(template.spec.initContainers).toMatchObject([{ name: 'packet-capture', restartPolicy: 'Always' }]);
    expect(await patchWorkload(at(target).options)).toMatchObject({ result: 'unchanged', reason: 'already_injected' });
    expect(await unpatchWorkload(at(target).options)).toMatchObject({ result: 'unpatched' });
    expect((await stored(shop, target)).spec).toEqual(before.spec);
  });

  test('a DaemonSet with OnDelete keeps its pods, and says so', async () => {
    await create(shop, workload('DaemonSet', 'careful', { updateStrategy: { type: 'OnDelete' } }));
    await kube(['wait', '-n', shop, 'daemonset/careful', '--for=jsonpath={.status.numberReady}=1', '--timeout=60s']);
    const pods = ['get', 'pods', '-n', shop, '-l', 'app=careful', '-o', 'jsonpath={.items[*].metadata.uid}'];
    const uids = await kube(pods);
    const { options, lines } = at('ds/careful', { wait: true });
    const result = await patchWorkload(options);
    expect(result).toMatchObject({ result: 'patched', restarts: 'no pod restarts by itself (OnDelete): delete its 1 pod, one by one, to have them replaced' });
    expect(result).not.toHaveProperty('rollout');
    expect(lines.at(-1)).toContain('nothing to wait for');
    expect(await kube(pods)).toBe(uids);
  });

  test('a pod, a job and what a controller owns are refused, and the owner is named', async () => {
    await create(shop, workload('Deployment', 'owner'), {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'once' },
      spec: { suspend: true, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: pauseImage }] } } },
    });
    await rolledOut(shop, 'deploy/owner');
    const [replicaSet = ''] = (await kube(['get', 'replicasets', '-n', shop, '-l', 'app=owner', '-o', 'name'])).trim().split('\n');
    const [pod = ''] = (await kube(['get', 'pods', '-n', shop, '-l', 'app=owner', '-o', 'name'])).trim().split('\n');
    await expect(patchWorkload(at(replicaSet.replace('.apps', '')).options)).rejects.toMatchObject({ code: 'NOT_INJECTABLE', hint: 'Name its owner: deployment/owner.' });
    await expect(patchWorkload(at(pod).options)).rejects.toMatchObject({ code: 'KIND_UNSUPPORTED', hint: expect.stringContaining('replicaset/owner-') });
    await expect(patchWorkload(at('job/once').options)).rejects.toMatchObject({ code: 'KIND_UNSUPPORTED', hint: expect.stringContaining('inject -f') });
    await expect(patchWorkload(at('configmap/kube-root-ca.crt').options)).rejects.toMatchObject({ code: 'KIND_UNSUPPORTED' });
  });
});

describe("a sidecar of the user's own", () => {
  test('is added as it is, known again in the form that the API server gives it, and taken out', async () => {
    await create(shop, workload('Deployment', 'nginx-deployment'));
    await rolledOut(shop, 'deploy/nginx-deployment');
    const before = await stored(shop, 'deploy/nginx-deployment');
    const { containers, ...rest } = monitorConfig();
    // The API server stores "100m" and "32Mi", and leaves the rest out.
    const written = { resources: { limits: { cpu: 0.1, memory: '32768Ki' } }, env: [{ name: 'EMPTY', value: '' }], stdinOnce: false, args: [] };
    const config = { ...rest, containers: containers.map((container) => ({ ...container, ...written })) };
    expect(await patchWorkload(at('deploy/nginx-deployment', { config, wait: true }).options)).toMatchObject({ result: 'patched', rollout: { state: 'complete' } });
    const { spec } = await stored(shop, 'deploy/nginx-deployment');
    const [app, monitor, ...more] = spec.template.spec.containers;
    expect(more).toEqual([]);
    expect(monitor).toMatchObject({ name: 'monitor', image: pauseImage, stdin: true, tty: true });
    expect({ ...spec, template: { ...spec.template, spec: { ...spec.template.spec, containers: [app] } } }).toEqual(before.spec);
    expect(await patchWorkload(at('deploy/nginx-deployment', { config }).options)).toMatchObject({ result: 'unchanged', reason: 'already_injected' });
    expect(await unpatchWorkload(at('deploy/nginx-deployment', { config }).options)).toMatchObject({ result: 'unpatched' });
    expect((await stored(shop, 'deploy/nginx-deployment')).spec).toEqual(before.spec);
  });
});

describe('somebody else at the same moment', () => {
  /** Does something before the change is stored: the first time, or each time. */
  const before = (what: () => Promise<unknown>, each = false): ((args: readonly string[]) => Promise<void>) => {
    let done = false;
    return async (args) => {
      if (!isSend(args) || (done && !each)) return;
      done = true;
      await what();
    };
  };

  test('edits the spec: it is read again, and both changes stand', async () => {
    await create(shop, workload('Deployment', 'edited', { replicas: 0 }));
    const edit = before(() => kube(['set', 'env', '-n', shop, 'deploy/edited', 'A=b']));
    const { options, lines, calls } = at('deploy/edited', {}, edit);
    expect(await patchWorkload(options)).toMatchObject({ result: 'patched' });
    expect(calls.filter(isSend)).toHaveLength(2);
    expect(lines).toContain('somebody else changed the workload at the same moment; reading it again');
    const { spec } = await stored(shop, 'deploy/edited');
    expect(spec.template.spec.containers).toMatchObject([{ name: 'app', env: [{ name: 'A', value: 'b' }] }]);
    expect(spec.template.spec.initContainers).toMatchObject([{ name: 'packet-capture' }]);
  });

  test('edits it again and again: CONFLICT, and nothing of ours is stored', async () => {
    await create(shop, workload('Deployment', 'contested', { replicas: 0 }));
    let count = 0;
    const edit = before(() => kube(['set', 'env', '-n', shop, 'deploy/contested', `A=${(count += 1)}`]), true);
    await expect(patchWorkload(at('deploy/contested', {}, edit).options)).rejects.toMatchObject({
      code: 'CONFLICT',
      where: `deployment/contested in namespace ${shop}`,
    });
    expect(count).toBe(2);
    const { spec } = await stored(shop, 'deploy/contested');
    expect(spec.template.spec).not.toHaveProperty('initContainers');
    expect(spec.template.spec).not.toHaveProperty('volumes');
  });

  test('deletes it and creates it anew: the new one is another object, though its generation is the same', async () => {
    const other = workload('Deployment', 'replaced', { replicas: 0, template: podTemplate('replaced', { workingDir: '/tmp' }) });
    await create(shop, workload('Deployment', 'replaced', { replicas: 0 }));
    const replace = before(async () => {
      expect((await stored(shop, 'deploy/replaced')).metadata.generation).toBe(1);
      await kube(['delete', 'deploy/replaced', '-n', shop]);
      await create(shop, other);
      expect((await stored(shop, 'deploy/replaced')).metadata.generation).toBe(1);
    });
    const { options, calls } = at('deploy/replaced', {}, replace);
    expect(await patchWorkload(options)).toMatchObject({ result: 'patched' });
    expect(calls.filter(isSend)).toHaveLength(2);
  });

  test('touches what is not the spec: no conflict, though the resourceVersion moves', async () => {
    await create(shop, workload('Deployment', 'labelled', { replicas: 0 }));
    const { metadata } = await stored(shop, 'deploy/labelled');
    const { options, calls } = at('deploy/labelled', {}, before(() => kube(['label', '-n', shop, 'deploy/labelled', 'tier=front'])));
    expect(await patchWorkload(options)).toMatchObject({ result: 'patched' });
    expect(calls.filter(isSend)).toHaveLength(1);
    const after = await stored(shop, 'deploy/labelled');
    expect(after.metadata.resourceVersion).not.toBe(metadata.resourceVersion);
    expect(after.metadata.generation).toBe(metadata.generation + 1);
  });
});

describe('Pod Security and other limits', () => {
  test('restricted is refused before anything is sent', async () => {
    await create(restricted, workload('Deployment', 'web', { replicas: 0 }));
    const before = await stored(restricted, 'deploy/web');
    const { options, calls } = at('deploy/web', { namespace: restricted });
    await expect(patchWorkload(options)).rejects.toMatchObject({ code: 'POD_SECURITY', message: expect.stringContaining('pod_security_restricted') });
    expect(calls.map(([verb]) => verb)).toEqual(['get', 'get']);
    expect((await stored(restricted, 'deploy/web')).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  test("a sidecar of the user's own that restricted forbids is refused although the workload would be accepted", async () => {
    const securityContext = { allowPrivilegeEscalation: false, runAsNonRoot: true, runAsUser: 1000, capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } };
    await create(restricted, workload('Deployment', 'fit', { replicas: 0, template: podTemplate('fit', { securityContext }) }));
    const before = await stored(restricted, 'deploy/fit');
    const { options } = at('deploy/fit', { namespace: restricted, config: monitorConfig() });
    await expect(patchWorkload(options)).rejects.toMatchObject({ code: 'POD_SECURITY', message: expect.stringMatching(/violates PodSecurity "restricted:latest".*"monitor"/) });
    expect((await stored(restricted, 'deploy/fit')).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  test('baseline gets the sidecar without a word about capabilities, and its pods are accepted', async () => {
    await create(baseline, workload('Deployment', 'web'));
    await rolledOut(baseline, 'deploy/web');
    expect(await patchWorkload(at('deploy/web', { namespace: baseline, wait: true }).options)).toMatchObject({ result: 'patched', rollout: { state: 'complete' } });
    const [sidecar] = (await stored(baseline, 'deploy/web')).spec.template.spec.initContainers ?? [];
    expect(sidecar?.securityContext).toBeDefined();
    expect(sidecar?.securityContext).not.toHaveProperty('capabilities');
  });

  test('what the API server would refuse in the pods is refused before the workload is changed', async () => {
    const range = { type: 'Container', min: { memory: '100Mi' }, default: { memory: '200Mi' }, defaultRequest: { memory: '200Mi' } };
    await create(limited, { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'min' }, spec: { limits: [range] } }, workload('Deployment', 'web', { replicas: 0 }));
    const before = await stored(limited, 'deploy/web');
    const { options } = at('deploy/web', { namespace: limited });
    await expect(patchWorkload(options)).rejects.toMatchObject({ code: 'NOT_INJECTABLE', message: expect.stringContaining('minimum memory usage per Container is 100Mi') });
    expect((await stored(limited, 'deploy/web')).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });
});

describe('waiting for the rollout', () => {
  test('that fails ends with the reason of the pod, and how to take the change back', async () => {
    await create(shop, workload('Deployment', 'broken'));
    await rolledOut(shop, 'deploy/broken');
    const { options, lines } = at('deploy/broken', { config: monitorConfig('localhost/nowhere:1'), wait: true, timeoutSeconds: 4 });
    await expect(patchWorkload(options)).rejects.toMatchObject({
      code: 'ROLLOUT_FAILED',
      message: expect.stringMatching(/^the rollout is not complete after \d+s: 1 of 1 pod updated, 1 available, 1 old; pod broken-\S+, container monitor: ErrImageNeverPull: .*nowhere/),
      hint: expect.stringContaining(`packet-capture unpatch deployment/broken --namespace ${shop} --sidecar-config FILE`),
    });
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}pod broken-\S+, container monitor: ErrImageNeverPull/));
    expect(lines.slice(lines.indexOf('last warnings:'))).toContainEqual(expect.stringContaining('ErrImageNeverPull'));
  });

  test('can be interrupted; the rollout goes on', async () => {
    await create(shop, workload('Deployment', 'slow', { minReadySeconds: 2 }));
    await rolledOut(shop, 'deploy/slow');
    const interruption = new AbortController();
    const { options, lines } = at('deploy/slow', { config: monitorConfig(), wait: true, signal: interruption.signal });
    const report = (line: string): void => {
      options.report(line);
      if (line.includes('updated')) interruption.abort();
    };
    expect(await patchWorkload({ ...options, report })).toMatchObject({ result: 'patched', rollout: { state: 'interrupted' } });
    expect(lines.at(-1)).toContain(`the rollout goes on by itself (kubectl rollout status deploy/slow --namespace ${shop})`);
    const again = at('deploy/slow', { config: monitorConfig(), wait: true });
    expect(await patchWorkload(again.options)).toMatchObject({ result: 'unchanged', rollout: { state: 'complete' } });
    expect(again.lines.at(-1)).toMatch(/1 of 1 pod updated, 1 available/);
  });

  test('ends when somebody takes the change back meanwhile', async () => {
    await create(shop, workload('Deployment', 'reverted'));
    await rolledOut(shop, 'deploy/reverted');
    let sent = false;
    const { options } = at('deploy/reverted', { config: monitorConfig(), wait: true }, async (args) => {
      if (sent) await kube(['rollout', 'undo', '-n', shop, 'deploy/reverted']);
      sent = isSend(args);
    });
    await expect(patchWorkload(options)).rejects.toMatchObject({ code: 'ROLLOUT_FAILED', message: expect.stringContaining('somebody else changed the pod template') });
  });
});

describe('kubectl', () => {
  test.each([
    ['deploy/nobody', shop],
    ['deploy/web', 'nowhere'],
    ['wishes/web', shop],
  ])('%s in %s is NOT_FOUND', async (target, namespace) => {
    await expect(patchWorkload(at(target, { namespace }).options)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('an API server that does not answer is CLUSTER_UNREACHABLE, said once', async () => {
    const kubeconfig = join(dirname(kubectl.program), 'closed');
    const cluster = { name: 'closed', cluster: { server: 'http://127.0.0.1:1' } };
    await writeFile(kubeconfig, JSON.stringify({ clusters: [cluster], contexts: [{ name: 'closed', context: { cluster: 'closed' } }], 'current-context': 'closed' }));
    const closed = makeKubectl({ program: kubectl.program, kubeconfig, context: 'closed' });
    await expect(closed(['get', 'pods'])).rejects.toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      message: 'The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?',
    });
    const absent = makeKubectl({ program: kubectl.program, kubeconfig, context: 'absent' });
    await expect(absent(['get', 'pods'])).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' });
  });

  test('who may not read the namespace is told why that is needed', async () => {
    await create(shop, workload('Deployment', 'guarded', { replicas: 0 }));
    await kube(['create', 'role', 'editor', '-n', shop, '--verb=get,patch', '--resource=deployments.apps']);
    await kube(['create', 'rolebinding', 'editor', '-n', shop, '--role=editor', '--user=bob']);
    const { options } = at('deploy/guarded');
    const asBob: typeof options.kubectl = (args, call) => options.kubectl([...args, '--as=bob'], call);
    await expect(patchWorkload({ ...options, kubectl: asBob })).rejects.toMatchObject({ code: 'KUBECTL_FAILED', hint: expect.stringContaining(`get namespaces/${shop}`) });
  });
});
