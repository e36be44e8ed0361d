import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { hierarchies, kill } from '../../scripts/cluster/cgroups.ts';
import { run } from '../../scripts/cluster/command.ts';
import { ensureNodeImage, loadImage } from '../../scripts/cluster/images.ts';
import { kubectl, runInNetns } from '../../scripts/cluster/kubectl.ts';
import { inMachine, kubeletSysctls } from '../../scripts/cluster/machine.ts';
import { type ClusterHandle, clusterHandle } from '../../scripts/cluster/paths.ts';
import { noProgress } from '../../scripts/cluster/progress.ts';
import { clusterStatus } from '../../scripts/cluster/status.ts';
import { downCluster } from '../../scripts/cluster/teardown.ts';
import { upCluster } from '../../scripts/cluster/up.ts';

const nginx = 'docker.io/library/nginx:1.7.9';

describe('the node of the tests', () => {
  const node = inject('node');

  test('nginx answers at the address of its Service, to the node and to another pod', async () => {
    await loadImage(node, await ensureNodeImage('nginx', nginx, noProgress), noProgress);
    const k = async (...args: string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await kubectl(node, ['--namespace=node-test', ...args]);
      expect(`${exitCode} ${stderr}`, `kubectl ${args.join(' ')}`).toMatch(/^0/);
      return stdout;
    };
    await k('create', 'namespace', 'node-test');
    try {
      await k('create', 'deployment', 'web', '--image=nginx:1.7.9', '--replicas=2', '--port=80');
      await k('expose', 'deployment', 'web');
      await k('rollout', 'status', 'deployment/web', '--timeout=240s');
      const address = await k('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
      const fetchPage = [
        'bash',
        '-c',
        `exec 3<>/dev/tcp/${address}/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; timeout 60 cat <&3`,
      ];
      expect((await runInNetns(node, fetchPage)).stdout).toContain('Welcome to nginx!');
      const [pod = ''] = (await k('get', 'pods', '-o', 'name')).split('\n');
      // Several times: the Service spreads connections over both pods, its own among them.
      for (let i = 0; i < 6; i += 1) expect(await k('exec', pod, '--', ...fetchPage)).toContain('Welcome to nginx!');
    } finally {
      await k('delete', 'namespace', 'node-test', '--wait=false');
    }
  });
});

describe('a second node', () => {
  const name = `${inject('node').name}-2`;
  const up = (): Promise<unknown> => upCluster({ name, onProgress: noProgress });

  beforeAll(() => downCluster(name, noProgress));
  afterAll(() => downCluster(name, noProgress));

  test('is repaired by the next `up`, whatever was killed, and leaves nothing', async () => {
    await up();
    expect(await clusterStatus(name)).toMatchObject({ ready: true });
    const handle = clusterHandle(name);
    await expectOwnSysctls(handle);
    await kubectl(handle, ['create', 'configmap', 'witness']);

    await killParts(name, ['etcd', 'containerd', 'kubelet']);
    expect(await clusterStatus(name)).toMatchObject({ ready: false });
    await up();
    expect(await clusterStatus(name)).toMatchObject({ ready: true });
    expect((await kubectl(handle, ['get', 'configmap', 'witness'])).exitCode).toBe(0);

    await killParts(name, ['kubelet']);
    await writeFile(join(handle.stateDir, 'kubelet.json'), '{"kind":"SomethingElse"}');
    await expect(up()).rejects.toMatchObject({
      code: 'CLUSTER_FAILED',
      message: expect.stringMatching(/kubelet ended[^]*SomethingElse/),
    });

    await killParts(
      name,
      (await clusterStatus(name)).components.map((part) => part.name),
    );
    await up();
    expect(await clusterStatus(name)).toMatchObject({ ready: true });
    expect(await traces(handle.cgroup, handle.stateDir)).not.toEqual([]);

    await killParts(name, ['machine', 'containerd']);
    await downCluster(name, noProgress);
    expect(await traces(handle.cgroup, handle.stateDir)).toEqual([]);
    expect(await readdir(handle.stateDir)).toEqual(['logs']);
    expect(await readdir(handle.logDir)).toContain('kubelet.log');
    expect(await clusterStatus(inject('node').name)).toMatchObject({ ready: true });
  });
});

async function killParts(name: string, parts: readonly string[]): Promise<void> {
  const { components } = await clusterStatus(name);
  for (const { name: part, pid } of components) if (pid !== undefined && parts.includes(part)) kill(pid);
}

/** A kubelet sets sysctls of the whole host, kernel.panic among them; it must reach none but the node's own. */
async function expectOwnSysctls(handle: ClusterHandle): Promise<void> {
  const paths = kubeletSysctls.map((name) => `/proc/sys/${name}`);
  const values = (): Promise<string[]> => Promise.all(paths.map((path) => readFile(path, 'utf8')));
  const before = await values();
  try {
    await run(await inMachine(handle, ['sh', '-c', `for path in ${paths.join(' ')}; do echo 1 > $path; done`]));
    expect(await values()).toEqual(before);
  } finally {
    await Promise.all(paths.map((path, index) => writeFile(path, before[index] ?? '')));
  }
}

/** Processes, mounts, cgroups and network namespaces in whose names or arguments the node is found. */
async function traces(name: string, stateDir: string): Promise<string[]> {
  const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const belongs = (line: string): boolean =>
    line.includes(`${stateDir}/`) || new RegExp(`${name}(?![\\w-])`).test(line);
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const processes = await Promise.all(
    pids.map(async (pid) =>
      belongs(`${await text(`/proc/${pid}/cmdline`)} ${await text(`/proc/${pid}/cgroup`)}`) ? [`process ${pid}`] : [],
    ),
  );
  const mounts = (await text('/proc/self/mountinfo')).split('\n').filter(belongs);
  const cgroups = await Promise.all((await hierarchies()).map(({ path }) => readdir(path)));
  const namespaces = await readdir('/run/netns').catch(() => []);
  return [...processes.flat(), ...mounts, ...cgroups.flat().filter(belongs), ...namespaces.filter(belongs)];
}
