import { describe, expect, test } from 'vitest';
import { pauseImage } from '../../scripts/cluster/nodeConfig.ts';
import { addSidecar } from '../../src/ways/patch/addSidecar.ts';
import { removeSidecar } from '../../src/ways/patch/removeSidecar.ts';
import { kube, livingPods, podField } from '../support/cluster/clusterFixture.ts';
import {
  create,
  isSend,
  monitorConfig,
  patchFixture,
  podTemplate,
  rolledOut,
  stored,
  workload,
} from '../support/cluster/patchFixture.ts';

const { at, shop } = patchFixture();

describe('a Deployment', () => {
  test('gets the sidecar once, and equals its former state after unpatch', async () => {
    await create(shop, workload('Deployment', 'web'));
    await rolledOut(shop, 'deploy/web');
    const before = await stored(shop, 'deploy/web');

    const first = at('deploy/web', { settings: { filter: "tcp port 80 or host 'x'" }, wait: true });
    expect(await addSidecar(first.options)).toMatchObject({
      kind: 'Deployment',
      name: 'web',
      namespace: shop,
      result: 'patched',
      rollout: { state: 'complete' },
    });
    expect(first.lines[0]).toBe(
      `deployment/web in namespace ${shop}: 1 pod will restart, a few at a time (RollingUpdate, maxSurge 25%, maxUnavailable 25%)`,
    );
    expect(first.lines.at(-1)).toMatch(/^deployment\/web: 1 of 1 pod updated, 1 available, \d+s$/);
    const patched = await stored(shop, 'deploy/web');
    expect(patched.spec.template.metadata?.annotations?.['packet-capture/filter']).toBe("tcp port 80 or host 'x'");
    expect(patched.spec.template.spec.initContainers).toMatchObject([
      { name: 'packet-capture', restartPolicy: 'Always' },
    ]);
    expect(patched.metadata.managedFields?.map(({ manager }) => manager)).toContain('packet-capture');
    const [pod = '', ...more] = await livingPods(shop, 'app=web');
    expect(more).toEqual([]);
    expect(await podField(shop, pod, '.status.initContainerStatuses[0].ready')).toBe('true');

    const second = at('deployments.apps/web', { settings: { filter: "tcp port 80 or host 'x'" } });
    expect(await addSidecar(second.options)).toMatchObject({
      result: 'unchanged',
      reason: 'already_injected',
      patch: [],
      warnings: [],
    });
    expect(second.calls.filter(([verb]) => verb === 'patch')).toEqual([]);

    expect(await addSidecar(at('deploy/web', { settings: { filter: 'udp' } }).options)).toMatchObject({
      result: 'patched',
    });
    const updated = (await stored(shop, 'deploy/web')).spec.template;
    expect(updated.metadata?.annotations?.['packet-capture/filter']).toBe('udp');
    expect(updated.spec.initContainers).toEqual(patched.spec.template.spec.initContainers);

    expect(await removeSidecar(at('deploy/web').options)).toMatchObject({ result: 'unpatched' });
    expect((await stored(shop, 'deploy/web')).spec).toEqual(before.spec);
    expect(await removeSidecar(at('deploy/web').options)).toMatchObject({
      result: 'unchanged',
      reason: 'not_injected',
    });
  });

  test('is checked by the API server in a dry run, and does not change', async () => {
    await create(shop, workload('Deployment', 'dry', { replicas: 0 }));
    const before = await stored(shop, 'deploy/dry');
    // The controller of Deployments writes status, annotations and managedFields when it likes.
    const written = ({ metadata, spec }: typeof before) => ({ generation: metadata.generation, spec });
    const { options, calls } = at('deploy/dry', { dryRun: true, wait: true });
    const result = await addSidecar(options);
    expect(result).toMatchObject({ result: 'dry-run', restarts: 'no pod restarts: it is scaled to 0' });
    expect(result.patch.map(({ op, path }) => `${op} ${path}`)).toEqual([
      'test /metadata/uid',
      'test /metadata/generation',
      'add /spec/template/metadata/annotations',
      'add /spec/template/spec/volumes',
      'add /spec/template/spec/initContainers',
    ]);
    expect(calls.filter(isSend)).toEqual([]);
    expect(written(await stored(shop, 'deploy/dry'))).toEqual(written(before));
  });

  test('of a Helm release is patched with a warning', async () => {
    const metadata = {
      labels: { 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: { 'meta.helm.sh/release-name': 'shop' },
    };
    await create(shop, workload('Deployment', 'released', { replicas: 0 }, metadata));
    const { options, lines } = at('deploy/released');
    expect(await addSidecar(options)).toMatchObject({
      result: 'patched',
      warnings: [expect.stringContaining('Helm manages this workload')],
    });
    expect(lines).toContainEqual(expect.stringMatching(/^warning: Helm manages .*inject/));
  });
});

describe('other kinds', () => {
  const cronJob = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly' },
    spec: {
      schedule: '0 3 * * *',
      suspend: true,
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: pauseImage }] } } },
      },
    },
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
    volumeClaimTemplates: [
      {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    ],
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
    expect(await addSidecar(at(target).options)).toMatchObject({ result: 'patched' });
    const { spec } = await stored(shop, target);
    const template = target.startsWith('cronjob') ? spec.jobTemplate.spec.template : spec.template;
    expect(template.spec.initContainers).toMatchObject([{ name: 'packet-capture', restartPolicy: 'Always' }]);
    expect(await addSidecar(at(target).options)).toMatchObject({ result: 'unchanged', reason: 'already_injected' });
    expect(await removeSidecar(at(target).options)).toMatchObject({ result: 'unpatched' });
    expect((await stored(shop, target)).spec).toEqual(before.spec);
  });

  test('a DaemonSet with OnDelete keeps its pods, and the command says so', async () => {
    await create(shop, workload('DaemonSet', 'careful', { updateStrategy: { type: 'OnDelete' } }));
    await kube(['wait', '-n', shop, 'daemonset/careful', '--for=jsonpath={.status.numberReady}=1', '--timeout=240s']);
    const pods = ['get', 'pods', '-n', shop, '-l', 'app=careful', '-o', 'jsonpath={.items[*].metadata.uid}'];
    const uids = await kube(pods);
    const { options, lines } = at('ds/careful', { wait: true });
    const result = await addSidecar(options);
    expect(result).toMatchObject({
      result: 'patched',
      restarts: 'no pod restarts by itself (OnDelete): delete its 1 pod, one by one, to have them replaced',
    });
    expect(result).not.toHaveProperty('rollout');
    expect(lines.at(-1)).toContain('nothing to wait for');
    expect(await kube(pods)).toBe(uids);
  });

  test('a pod, a Job and an object with a controller are refused, and the controller is named', async () => {
    await create(shop, workload('Deployment', 'owner'), {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'once' },
      spec: {
        suspend: true,
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: pauseImage }] } },
      },
    });
    await rolledOut(shop, 'deploy/owner');
    const [replicaSet = ''] = (await kube(['get', 'replicasets', '-n', shop, '-l', 'app=owner', '-o', 'name']))
      .trim()
      .split('\n');
    const [pod = ''] = (await kube(['get', 'pods', '-n', shop, '-l', 'app=owner', '-o', 'name'])).trim().split('\n');
    await expect(addSidecar(at(replicaSet.replace('.apps', '')).options)).rejects.toMatchObject({
      code: 'NOT_INJECTABLE',
      hint: 'Name its owner: deployment/owner.',
    });
    await expect(addSidecar(at(pod).options)).rejects.toMatchObject({
      code: 'KIND_UNSUPPORTED',
      hint: expect.stringContaining('replicaset/owner-'),
    });
    await expect(addSidecar(at('job/once').options)).rejects.toMatchObject({
      code: 'KIND_UNSUPPORTED',
      hint: expect.stringContaining('inject -f'),
    });
    await expect(addSidecar(at('configmap/kube-root-ca.crt').options)).rejects.toMatchObject({
      code: 'KIND_UNSUPPORTED',
    });
  });
});

describe('a custom sidecar', () => {
  test('is added unchanged, recognised after the API server has set its defaults, and removed', async () => {
    await create(shop, workload('Deployment', 'nginx-deployment'));
    await rolledOut(shop, 'deploy/nginx-deployment');
    const before = await stored(shop, 'deploy/nginx-deployment');
    const { containers, ...rest } = monitorConfig();
    // The API server stores "100m" and "32Mi", and leaves the rest out.
    const written = {
      resources: { limits: { cpu: 0.1, memory: '32768Ki' } },
      env: [{ name: 'EMPTY', value: '' }],
      stdinOnce: false,
      args: [],
    };
    const config = { ...rest, containers: containers.map((container) => ({ ...container, ...written })) };
    expect(await addSidecar(at('deploy/nginx-deployment', { config, wait: true }).options)).toMatchObject({
      result: 'patched',
      rollout: { state: 'complete' },
    });
    const { spec } = await stored(shop, 'deploy/nginx-deployment');
    const [app, monitor, ...more] = spec.template.spec.containers;
    expect(more).toEqual([]);
    expect(monitor).toMatchObject({ name: 'monitor', image: pauseImage, stdin: true, tty: true });
    expect({ ...spec, template: { ...spec.template, spec: { ...spec.template.spec, containers: [app] } } }).toEqual(
      before.spec,
    );
    expect(await addSidecar(at('deploy/nginx-deployment', { config }).options)).toMatchObject({
      result: 'unchanged',
      reason: 'already_injected',
    });
    expect(await removeSidecar(at('deploy/nginx-deployment', { config }).options)).toMatchObject({
      result: 'unpatched',
    });
    expect((await stored(shop, 'deploy/nginx-deployment')).spec).toEqual(before.spec);
  });
});

describe('another client at the same time', () => {
  /** Does something before the change is stored: the first time, or each time. */
  const before = (what: () => Promise<unknown>, each = false): ((args: readonly string[]) => Promise<void>) => {
    let done = false;
    return async (args) => {
      if (!isSend(args) || (done && !each)) return;
      done = true;
      await what();
    };
  };

  test('edits the spec: the object is read again, and both changes are stored', async () => {
    await create(shop, workload('Deployment', 'edited', { replicas: 0 }));
    const edit = before(() => kube(['set', 'env', '-n', shop, 'deploy/edited', 'A=b']));
    const { options, lines, calls } = at('deploy/edited', {}, edit);
    expect(await addSidecar(options)).toMatchObject({ result: 'patched' });
    expect(calls.filter(isSend)).toHaveLength(2);
    expect(lines).toContain('somebody else changed the workload at the same moment; reading it again');
    const { spec } = await stored(shop, 'deploy/edited');
    expect(spec.template.spec.containers).toMatchObject([{ name: 'app', env: [{ name: 'A', value: 'b' }] }]);
    expect(spec.template.spec.initContainers).toMatchObject([{ name: 'packet-capture' }]);
  });

  test('edits the spec repeatedly: the error is CONFLICT, and our change is not stored', async () => {
    await create(shop, workload('Deployment', 'contested', { replicas: 0 }));
    let count = 0;
    const edit = before(() => kube(['set', 'env', '-n', shop, 'deploy/contested', `A=${(count += 1)}`]), true);
    await expect(addSidecar(at('deploy/contested', {}, edit).options)).rejects.toMatchObject({
      code: 'CONFLICT',
      where: `deployment/contested in namespace ${shop}`,
    });
    expect(count).toBe(2);
    const { spec } = await stored(shop, 'deploy/contested');
    expect(spec.template.spec).not.toHaveProperty('initContainers');
    expect(spec.template.spec).not.toHaveProperty('volumes');
  });

  test('deletes and creates it again: the new object is not patched, although its generation is the same', async () => {
    const other = workload('Deployment', 'replaced', {
      replicas: 0,
      template: podTemplate('replaced', { workingDir: '/tmp' }),
    });
    await create(shop, workload('Deployment', 'replaced', { replicas: 0 }));
    const replace = before(async () => {
      expect((await stored(shop, 'deploy/replaced')).metadata.generation).toBe(1);
      await kube(['delete', 'deploy/replaced', '-n', shop]);
      await create(shop, other);
      expect((await stored(shop, 'deploy/replaced')).metadata.generation).toBe(1);
    });
    const { options, calls } = at('deploy/replaced', {}, replace);
    expect(await addSidecar(options)).toMatchObject({ result: 'patched' });
    expect(calls.filter(isSend)).toHaveLength(2);
  });

  test('changes only metadata or status: there is no conflict, although the resourceVersion changes', async () => {
    await create(shop, workload('Deployment', 'labelled', { replicas: 0 }));
    const { metadata } = await stored(shop, 'deploy/labelled');
    const { options, calls } = at(
      'deploy/labelled',
      {},
      before(() => kube(['label', '-n', shop, 'deploy/labelled', 'tier=front'])),
    );
    expect(await addSidecar(options)).toMatchObject({ result: 'patched' });
    expect(calls.filter(isSend)).toHaveLength(1);
    const after = await stored(shop, 'deploy/labelled');
    expect(after.metadata.resourceVersion).not.toBe(metadata.resourceVersion);
    expect(after.metadata.generation).toBe(metadata.generation + 1);
  });
});
