import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { controlPlane, kubeconfig } from '../../../../scripts/cluster/controlPlane.ts';
import { checkFolders } from '../../../../scripts/cluster/machine.ts';
import { type NodePrograms, nodeComponents, nodeFiles, pauseImage } from '../../../../scripts/cluster/nodeConfig.ts';
import { clusterHandle } from '../../../../scripts/cluster/paths.ts';
import { takesPods } from '../../../../scripts/cluster/readiness.ts';
import { formatStatus } from '../../../../scripts/cluster/status.ts';
import { componentNames } from '../../../../scripts/cluster/up.ts';

const env = { XDG_STATE_HOME: '/state' };
const programs: NodePrograms = {
  kubernetes: {
    etcd: '/k/etcd',
    kubectl: '/k/kubectl',
    kubelet: '/k/kubelet',
    'kube-apiserver': '/k/kube-apiserver',
    'kube-proxy': '/k/kube-proxy',
    'kube-controller-manager': '/k/kube-controller-manager',
    'kube-scheduler': '/k/kube-scheduler',
  },
  containerd: { containerd: '/c/containerd', 'containerd-shim-runc-v2': '/c/containerd-shim-runc-v2', ctr: '/c/ctr' },
  runc: { runc: '/r/runc' },
  cni: { ptp: '/n/ptp', loopback: '/n/loopback', 'host-local': '/n/host-local' },
};

describe('a name', () => {
  test.each(['', 'A', '-a', 'a-', 'a_b', 'a/b', '..', 'a'.repeat(21)])('%j is refused', (name) => {
    expect(() => clusterHandle(name, env)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  test.each(['a', 'dev', 'test-2', 'a'.repeat(20)])('%j is taken', (name) => {
    expect(clusterHandle(name, env).stateDir).toBe(`/state/packet-capture/${name}`);
  });
});

describe('a state folder', () => {
  test.each(['/run/x', '/var/lib/jenkins', '/var/log', '/var/run/user/0'])(
    'in %s would be hidden from the node',
    (folder) => {
      expect(() => checkFolders(clusterHandle('dev', { XDG_STATE_HOME: folder }))).toThrow(
        expect.objectContaining({
          code: 'REQUIREMENT_MISSING',
          message: expect.stringMatching(/set XDG_STATE_HOME$/),
        }),
      );
    },
  );

  test('elsewhere is fine', () => {
    expect(checkFolders(clusterHandle('dev', { XDG_STATE_HOME: '/var/library' }))).toBeUndefined();
  });
});

test('two nodes share no folder, file, network namespace or cgroup', () => {
  const [one, two] = [clusterHandle('one', env), clusterHandle('two', env)];
  for (const key of Object.keys(one) as (keyof typeof one)[]) expect(one[key]).not.toBe(two[key]);
  const words = (name: string): string =>
    JSON.stringify([
      controlPlane(clusterHandle(name, env), programs.kubernetes),
      nodeComponents(clusterHandle(name, env), programs),
      ...nodeFiles(clusterHandle(name, env), programs, 'overlayfs'),
    ]);
  expect(words('one').replaceAll(/\bone\b/g, 'two')).toBe(words('two'));
  expect(words('one')).not.toContain('/var/lib');
});

test('every component is started by the program of its name, by which it is found again', () => {
  const handle = clusterHandle('dev', env);
  const commandLines = { ...controlPlane(handle, programs.kubernetes), ...nodeComponents(handle, programs) };
  expect(Object.keys(commandLines).toSorted()).toEqual([...componentNames].toSorted());
  for (const [name, [program]] of Object.entries(commandLines)) expect(basename(program ?? '')).toBe(name);
});

test('every file that a component is told to read is written under that path', () => {
  const handle = clusterHandle('dev', env);
  const files = nodeFiles(handle, programs, 'overlayfs');
  const named = Object.values(nodeComponents(handle, programs))
    .flat()
    .flatMap((word) => /^--config=(.*)$/.exec(word)?.[1] ?? []);
  expect(named).toHaveLength(3);
  for (const path of named) expect(files.has(path)).toBe(true);
});

test('the kubelet stays in the cgroup of its node, containerd on its socket with the pause image that is loaded', () => {
  const handle = clusterHandle('dev', env);
  const files = nodeFiles(handle, programs, 'overlayfs');
  expect(JSON.parse(files.get('/state/packet-capture/dev/kubelet.json') ?? '')).toMatchObject({
    cgroupRoot: '/packet-capture-dev',
    containerRuntimeEndpoint: `unix://${handle.containerdSocket}`,
  });
  const toml = files.get('/state/packet-capture/dev/containerd.toml');
  expect(toml).toContain(`address = "${handle.containerdSocket}"`);
  expect(toml).toContain(`sandbox = "${pauseImage}"`);
});

test('an older node has the configuration that its programs know', () => {
  const handle = clusterHandle('dev', env);
  const text = (kubernetes: number, containerd: '2' | '1.7', file: string): string =>
    nodeFiles(handle, programs, 'overlayfs', { kubernetes, containerd }).get(`/state/packet-capture/dev/${file}`) ?? '';
  expect(JSON.parse(text(30, '2', 'kube-proxy.json'))).toMatchObject({ featureGates: { NFTablesProxyMode: true } });
  expect(JSON.parse(text(31, '2', 'kube-proxy.json'))).not.toHaveProperty('featureGates');
  expect(text(37, '2', 'containerd.toml')).toMatch(/^version = 3\n/);
  const older = text(37, '1.7', 'containerd.toml');
  expect(older).toMatch(/^version = 2\n/);
  expect(older).toContain(`sandbox_image = "${pauseImage}"`);
  expect(older).toContain(`address = "${handle.containerdSocket}"`);
  expect(older).not.toContain('io.containerd.cri.v1');
});

test('a kubeconfig carries its certificates with it', () => {
  const config = kubeconfig('n', 'CA', { key: 'KEY', certificate: 'CERT' });
  expect(config).toMatchObject({
    clusters: [{ cluster: { server: 'https://10.250.0.1:6443', 'certificate-authority-data': btoa('CA') } }],
    users: [{ user: { 'client-key-data': btoa('KEY'), 'client-certificate-data': btoa('CERT') } }],
    'current-context': 'n',
  });
});

describe('a node takes pods', () => {
  const node = (status: string, spec: object = {}): string =>
    JSON.stringify({
      spec,
      status: {
        conditions: [
          { type: 'MemoryPressure', status: 'False' },
          { type: 'Ready', status },
        ],
      },
    });

  test.each([
    ['when it is Ready', node('True'), true],
    ['not when it is not', node('False'), false],
    ['not when nobody knows', node('Unknown'), false],
    ['not while it is tainted', node('True', { taints: [{ key: 'node.kubernetes.io/not-ready' }] }), false],
    ['not before it has said anything', JSON.stringify({ spec: {}, status: {} }), false],
  ])('%s', (_, json, expected) => expect(takesPods(json)).toBe(expected));
});

test('the status names every part, and those that do not run', () => {
  const components = [{ name: 'etcd', pid: 12 }, { name: 'kubelet' }];
  const text = formatStatus({ ...clusterHandle('dev', env), ready: false, components });
  expect(text.split('\n').slice(0, 3)).toEqual([
    'dev: not ready',
    '  etcd                     12',
    '  kubelet                  -',
  ]);
  expect(formatStatus({ ...clusterHandle('dev', env), ready: true, components })).toMatch(/^dev: Ready\n/);
  expect(formatStatus({ ...clusterHandle('dev', env), ready: false, components: [{ name: 'etcd' }] })).toMatch(
    /^dev: down\n/,
  );
});
