import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { kubectl } from '../../scripts/cluster/kubectl.ts';
import { checkPersistable } from '../../src/captures/persist.ts';
import { makeKubectl } from '../../src/kubernetes/kubectl.ts';
import { addSidecar } from '../../src/ways/patch/addSidecar.ts';
import { removeSidecar } from '../../src/ways/patch/removeSidecar.ts';
import { hasRight, kube, namespaceYaml } from '../support/cluster/clusterFixture.ts';
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

const node = inject('node');
const { at, enforcing, folder, shop } = patchFixture();
const baseline = enforcing('baseline');
const restricted = enforcing('restricted');
/** Namespaces each with one LimitRange: the API server goes by one that is gone for half a minute. */
const limited = ['minimum', 'ratio', 'whole'].map((name) => `${shop}-${name}`);
const [minimum = '', ratio = '', whole = ''] = limited;

beforeAll(async () => {
  await kube(['create', '-f', '-'], limited.map((name) => namespaceYaml(name, 'baseline')).join('---\n'));
});
afterAll(async () => {
  await kube(['delete', 'namespace', ...limited, '--wait=false']);
});

describe('Pod Security and other limits', () => {
  test('in a restricted namespace, patch is refused before anything is sent', async () => {
    await create(restricted, workload('Deployment', 'web', { replicas: 0 }));
    const before = await stored(restricted, 'deploy/web');
    const { options, calls } = at('deploy/web', { namespace: restricted });
    await expect(addSidecar(options)).rejects.toMatchObject({
      code: 'POD_SECURITY',
      message: expect.stringContaining('pod_security_restricted'),
    });
    expect(calls.map(([verb]) => verb)).toEqual(['get', 'get']);
    expect((await stored(restricted, 'deploy/web')).metadata.generation).toBe(before.metadata.generation);
  });

  test('a custom sidecar that restricted forbids is refused, although the API server would accept the workload', async () => {
    const securityContext = {
      allowPrivilegeEscalation: false,
      runAsNonRoot: true,
      runAsUser: 1000,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    };
    await create(
      restricted,
      workload('Deployment', 'fit', { replicas: 0, template: podTemplate('fit', { securityContext }) }),
    );
    const before = await stored(restricted, 'deploy/fit');
    const { options } = at('deploy/fit', { namespace: restricted, config: monitorConfig() });
    await expect(addSidecar(options)).rejects.toMatchObject({
      code: 'POD_SECURITY',
      message: expect.stringMatching(/violates PodSecurity "restricted:latest".*"monitor"/),
    });
    expect((await stored(restricted, 'deploy/fit')).metadata.generation).toBe(before.metadata.generation);
  });

  test('in a baseline namespace the sidecar asks for no capabilities, and its pods are accepted', async () => {
    await create(baseline, workload('Deployment', 'web'));
    await rolledOut(baseline, 'deploy/web');
    expect(await addSidecar(at('deploy/web', { namespace: baseline, wait: true }).options)).toMatchObject({
      result: 'patched',
      rollout: { state: 'complete' },
    });
    const [sidecar] = (await stored(baseline, 'deploy/web')).spec.template.spec.initContainers ?? [];
    expect(sidecar?.securityContext).toBeDefined();
    expect(sidecar?.securityContext).not.toHaveProperty('capabilities');
  });

  test('when the API server would refuse the pods, patch is refused before the workload is changed', async () => {
    const spec = {
      limits: [
        {
          type: 'Container',
          min: { memory: '100Mi' },
          default: { memory: '200Mi' },
          defaultRequest: { memory: '200Mi' },
        },
      ],
    };
    await create(
      minimum,
      { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'minimum' }, spec },
      workload('Deployment', 'small', { replicas: 0 }),
    );
    const before = await stored(minimum, 'deploy/small');
    const { options } = at('deploy/small', { namespace: minimum });
    await expect(addSidecar(options)).rejects.toMatchObject({
      code: 'NOT_INJECTABLE',
      message: expect.stringContaining('minimum memory usage per Container is 100Mi'),
    });
    expect((await stored(minimum, 'deploy/small')).metadata.generation).toBe(before.metadata.generation);
  });

  test('the refusal names the LimitRange and amounts that fit; --dry-run reports the same, and --force changes the workload anyway', async () => {
    const spec = {
      limits: [
        {
          type: 'Container',
          maxLimitRequestRatio: { cpu: '4' },
          default: { cpu: '1' },
          defaultRequest: { cpu: '500m' },
        },
      ],
    };
    await create(
      ratio,
      { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'ratio' }, spec },
      workload('Deployment', 'overcommitted', { replicas: 0 }),
    );
    for (const dryRun of [true, false]) {
      await expect(addSidecar(at('deploy/overcommitted', { namespace: ratio, dryRun }).options)).rejects.toMatchObject({
        code: 'NOT_INJECTABLE',
        message: expect.stringMatching(
          /^its pods would be refused with the sidecar, by the LimitRange ratio: cpu max limit to request ratio/,
        ),
        hint: expect.stringContaining('packet-capture/cpu-request=63m, packet-capture/cpu-limit=250m'),
      });
    }
    const fitting = at('deploy/overcommitted', {
      namespace: ratio,
      amounts: { 'cpu-request': '63m' },
      dryRun: true,
    });
    expect(await addSidecar(fitting.options)).toMatchObject({ result: 'dry-run' });
    const { options, lines } = at('deploy/overcommitted', { namespace: ratio, force: true });
    expect(await addSidecar(options)).toMatchObject({ result: 'patched' });
    expect(lines).toContainEqual(
      expect.stringMatching(/^warning: its pods would be refused with the sidecar.*\(--force\)$/),
    );
  });

  test('when no new pods can be created, unpatch and start --persist are refused before anything is changed', async () => {
    const resources = { requests: { memory: '32Mi' }, limits: { memory: '32Mi' } };
    await create(whole, workload('Deployment', 'needed', { template: podTemplate('needed', { resources }) }));
    await addSidecar(at('deploy/needed', { namespace: whole }).options);
    const least = { limits: [{ type: 'Pod', min: { memory: '40Mi' } }] };
    await create(whole, { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'whole' }, spec: least });
    // What follows would change the workload if the API server did not go by it yet.
    const small = { ...podTemplate('small', { resources: { limits: { memory: '1Mi' } } }), kind: 'Pod' };
    const pod = JSON.stringify({ apiVersion: 'v1', ...small, metadata: { name: 'small', namespace: whole } });
    await expect
      .poll(async () => (await kubectl(node, ['create', '--dry-run=server', '-f', '-'], { input: pod })).stderr)
      .toContain('minimum memory usage per Pod');
    const before = await stored(whole, 'deploy/needed');
    const { options } = at('deploy/needed', { namespace: whole });
    await expect(removeSidecar(options)).rejects.toMatchObject({
      code: 'NOT_INJECTABLE',
      message: expect.stringMatching(
        /^its pods would be refused without the sidecar, by the LimitRange: minimum memory usage per Pod is 40Mi/,
      ),
    });
    await kube([
      'patch',
      'limitrange',
      'whole',
      '-n',
      whole,
      '--type=merge',
      `--patch=${JSON.stringify({ spec: { limits: [{ type: 'Pod', max: { memory: '40Mi' } }] } })}`,
    ]);
    const { target } = options;
    await expect
      .poll(
        async () =>
          checkPersistable({ kubectl: options.kubectl, target, settings: { filter: 'port 80' } }).catch(
            (error: unknown) => error,
          ),
        { interval: 500 },
      )
      .toMatchObject({
        code: 'NOT_INJECTABLE',
        message: expect.stringMatching(/^its pods would be refused with the sidecar, by the LimitRange whole/),
      });
    await checkPersistable({ kubectl: options.kubectl, target, settings: { filter: 'port 80' }, force: true });
    expect((await stored(whole, 'deploy/needed')).metadata.generation).toBe(before.metadata.generation);
  });
});

describe('waiting for the rollout', () => {
  test("ends, when it fails, with the pod's reason and the command that undoes the change", async () => {
    await create(shop, workload('Deployment', 'broken'));
    await rolledOut(shop, 'deploy/broken');
    const { options, lines } = at('deploy/broken', {
      config: monitorConfig('localhost/nowhere:1'),
      wait: true,
      // The kubelet has to have looked at the new pod by then.
      timeoutSeconds: 20,
    });
    await expect(addSidecar(options)).rejects.toMatchObject({
      code: 'ROLLOUT_FAILED',
      message: expect.stringMatching(
        /^the rollout is not complete after \d+s: 1 of 1 pod updated, 1 available, 1 old; pod broken-\S+, container monitor: ErrImageNeverPull: .*nowhere/,
      ),
      hint: expect.stringContaining(
        `packet-capture unpatch deployment/broken --namespace ${shop} --sidecar-config FILE`,
      ),
    });
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}pod broken-\S+, container monitor: ErrImageNeverPull/));
    expect(lines).toContain('last warnings:');
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}pod\/broken-\S+: ErrImageNeverPull/));
  });

  test('can be interrupted, and the rollout continues', async () => {
    await create(shop, workload('Deployment', 'slow'));
    await rolledOut(shop, 'deploy/slow');
    const readyAfter = async (minReadySeconds: number): Promise<unknown> =>
      kube(['patch', '-n', shop, 'deploy/slow', `--patch=${JSON.stringify({ spec: { minReadySeconds } })}`]);
    // Less than the time for a rollout, 600 s.
    await readyAfter(500);
    const interruption = new AbortController();
    const { options, lines } = at('deploy/slow', { config: monitorConfig(), wait: true, signal: interruption.signal });
    const report = (line: string): void => {
      options.report(line);
      if (line.includes('updated')) interruption.abort();
    };
    expect(await addSidecar({ ...options, report })).toMatchObject({
      result: 'patched',
      rollout: { state: 'interrupted' },
    });
    expect(lines.at(-1)).toContain(
      `the rollout continues by itself (kubectl rollout status deploy/slow --namespace ${shop})`,
    );
    await readyAfter(0);
    const again = at('deploy/slow', { config: monitorConfig(), wait: true });
    expect(await addSidecar(again.options)).toMatchObject({ result: 'unchanged', rollout: { state: 'complete' } });
    expect(again.lines.at(-1)).toMatch(/1 of 1 pod updated, 1 available/);
  });

  test('ends when the change is reverted meanwhile', async () => {
    await create(shop, workload('Deployment', 'reverted'));
    await rolledOut(shop, 'deploy/reverted');
    let sent = false;
    const { options } = at('deploy/reverted', { config: monitorConfig(), wait: true }, async (args) => {
      if (sent) await kube(['rollout', 'undo', '-n', shop, 'deploy/reverted']);
      sent = isSend(args);
    });
    await expect(addSidecar(options)).rejects.toMatchObject({
      code: 'ROLLOUT_FAILED',
      message: expect.stringContaining('somebody else changed the pod template'),
    });
  });
});

describe('kubectl', () => {
  test.each([
    ['deploy/nobody', shop],
    ['deploy/web', 'nowhere'],
    ['wishes/web', shop],
  ])('%s in %s is NOT_FOUND', async (target, namespace) => {
    await expect(addSidecar(at(target, { namespace }).options)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('an API server that does not answer is reported once, as CLUSTER_UNREACHABLE', async () => {
    const program = join(folder(), 'kubectl');
    const kubeconfig = join(folder(), 'closed');
    const cluster = { name: 'closed', cluster: { server: 'http://127.0.0.1:1' } };
    await writeFile(
      kubeconfig,
      JSON.stringify({
        clusters: [cluster],
        contexts: [{ name: 'closed', context: { cluster: 'closed' } }],
        'current-context': 'closed',
      }),
    );
    const closed = makeKubectl({ program: program, kubeconfig, context: 'closed' });
    await expect(closed(['get', 'pods'])).rejects.toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      message: 'The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?',
    });
    const absent = makeKubectl({ program: program, kubeconfig, context: 'absent' });
    await expect(absent(['get', 'pods'])).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' });
  });

  test('a user who may not read the namespace learns why that is needed; a user who may not create pods can still patch', async () => {
    await create(shop, workload('Deployment', 'guarded', { replicas: 0 }));
    const allow = async (name: string, verbs: string, resource: string): Promise<void> => {
      await kube(['create', 'role', name, '-n', shop, `--verb=${verbs}`, `--resource=${resource}`]);
      await kube(['create', 'rolebinding', name, '-n', shop, `--role=${name}`, '--user=bob']);
      for (const verb of verbs.split(',')) await hasRight('bob', verb, resource, shop);
    };
    const { options } = at('deploy/guarded');
    const asBob: typeof options.kubectl = (args, call) => options.kubectl([...args, '--as=bob'], call);
    await allow('editor', 'get,patch', 'deployments.apps');
    await expect(addSidecar({ ...options, kubectl: asBob })).rejects.toMatchObject({
      code: 'FORBIDDEN',
      hint: expect.stringContaining(`get namespaces/${shop}`),
    });
    await allow('viewer', 'get', 'namespaces');
    expect(await addSidecar({ ...options, kubectl: asBob })).toMatchObject({ result: 'patched' });
  });
});
