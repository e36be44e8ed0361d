import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type GoModule,
  buildArguments,
  buildEnvironment,
  cacheKey,
  cni,
  containerd,
  containerdOf,
  cosign,
  crane,
  flux,
  goDirective,
  govulncheck,
  helm3,
  helm4,
  kubeconform,
  kubernetes,
  kubernetesOf,
  kubeScore,
  nodeModules,
  registry,
  runc,
} from '../../../../scripts/cluster/goModules.ts';
import { olderKubernetes, usualVersions } from '../../../../scripts/cluster/versions.ts';

const older = Object.keys(olderKubernetes).map((minor) => kubernetesOf(Number(minor)));
const tools = [helm4, helm3, registry, crane, cosign, flux, kubeconform, kubeScore, govulncheck];
const modules: readonly GoModule[] = [kubernetes, containerd, containerdOf('1.7'), runc, cni, ...tools, ...older];
const goMod = ({ folder }: GoModule): string => readFileSync(`scripts/cluster/go/${folder}/go.mod`, 'utf8');

describe('the key of the cache', () => {
  const key = (module: GoModule, mod = 'm', sum = 's', arch = 'x64'): string => cacheKey(module, mod, sum, arch);
  const base = key(runc);

  test('is the same for the same input', () => {
    expect(key({ ...runc })).toBe(base);
    expect(base).toMatch(/^runc-[0-9a-f]{16}$/);
  });

  test.each([
    ['go.mod', key(runc, 'm2')],
    ['go.sum', key(runc, 'm', 's2')],
    ['text moved from go.mod to go.sum', key(runc, 'ms', '')],
    ['the architecture', key(runc, 'm', 's', 'arm64')],
    ['a tag', key({ ...runc, tags: ['seccomp', 'more'] })],
    ['cgo', key({ ...runc, cgo: false })],
    ['a variable', key({ ...runc, variables: { 'a.b': 'c' } })],
    ['another program', key({ ...runc, programs: { runc: 'x' } })],
  ])('changes with %s', (_, changed) => expect(changed).not.toBe(base));
});

test("a build takes the tags and variables of its module and nothing of the user's Go settings", () => {
  expect(buildArguments(containerd, 'pkg', '/out')).toEqual([
    'build',
    '-trimpath',
    '-buildvcs=false',
    '-mod=readonly',
    '-tags',
    'no_btrfs no_devmapper no_zfs',
    '-ldflags',
    '-s -w -X github.com/containerd/containerd/v2/version.Version=v2.4.2',
    '-o',
    '/out',
    'pkg',
  ]);
  expect(buildEnvironment(containerd)).toEqual({ CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' });
  expect(buildEnvironment(runc)).toMatchObject({ CGO_ENABLED: '1' });
});

describe.each(modules.map((module) => [module.folder, module] as const))('go/%s', (_, module) => {
  const text = goMod(module);

  test('keeps every package that is built from it as a tool', () => {
    for (const goPackage of Object.values(module.programs))
      expect(text).toMatch(new RegExp(`^(tool |\\t)${goPackage}$`, 'm'));
  });

  test('holds the versions that the programs are stamped with', () => {
    const stamped = Object.values(module.variables ?? {}).filter((value) => value.startsWith('v'));
    for (const version of stamped) {
      expect(text).toMatch(new RegExp(` ${version}( // indirect)?$`, 'm'));
      expect(module.title).toContain(version);
    }
  });

  test('says which Go it needs', () => expect(goDirective(text)).toMatch(/^1\.\d+(\.\d+)?$/));
});

test('every part of Kubernetes has the version of Kubernetes', () => {
  const replaced = [...goMod(kubernetes).matchAll(/^\tk8s\.io\/\S+ => k8s\.io\/\S+ v0\.(\S+)$/gm)].map(
    ([, version]) => version,
  );
  expect(new Set(replaced)).toEqual(
    new Set([kubernetes.variables['k8s.io/component-base/version.gitVersion'].slice('v1.'.length)]),
  );
});

test.each(older.map((module) => [module.title, module] as const))(
  'every part of %s has its minor version, and is not newer',
  (_, module) => {
    const [, minor, patch] = module.variables['k8s.io/component-base/version.gitVersion'].split('.').map(Number);
    const parts = [...goMod(module).matchAll(/^\tk8s\.io\/\S+ => k8s\.io\/\S+ v0\.(\d+)\.(\d+)$/gm)];
    expect(parts.length).toBeGreaterThan(25);
    for (const [line, ofMinor, ofPatch] of parts) {
      expect(Number(ofMinor), line).toBe(minor);
      expect(Number(ofPatch), line).toBeLessThanOrEqual(patch ?? 0);
    }
  },
);

test('a node of the usual versions is made of what it was made of before there were others', () => {
  expect(nodeModules(usualVersions)).toEqual([kubernetes, containerd, runc, cni]);
});

test('an older node has programs of its own, and the newest etcd', () => {
  expect(nodeModules({ kubernetes: 30, containerd: '1.7' })).toEqual([
    kubernetes,
    kubernetesOf(30),
    containerdOf('1.7'),
    runc,
    cni,
  ]);
  expect(kubernetesOf(30).programs).not.toHaveProperty('etcd');
});
