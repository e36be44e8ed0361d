import { expect, test } from 'vitest';
import { kubernetesOf } from '../../../../scripts/cluster/goModules.ts';
import { goModOf, partsOf } from '../../../../scripts/cluster/kubernetesModule.ts';
import { formatVersions, parseVersions } from '../../../../scripts/cluster/versions.ts';

test('versions are read as people write them', () => {
  expect(parseVersions()).toEqual({});
  expect(parseVersions('1.30')).toEqual({ kubernetes: 30 });
  expect(parseVersions('v1.37', '1.7')).toEqual({ kubernetes: 37, containerd: '1.7' });
  expect(formatVersions({ kubernetes: 30, containerd: '1.7' })).toBe('Kubernetes 1.30, containerd 1.7');
});

test.each([
  ['1.12', undefined],
  ['1.30.14', undefined],
  ['30', undefined],
  ['', undefined],
  ['1.30', '1.6'],
])('Kubernetes "%s" with containerd %s is refused, and what there is is named', (kubernetes, containerd) => {
  expect(() => parseVersions(kubernetes, containerd)).toThrow(
    expect.objectContaining({ code: 'USAGE', hint: expect.stringContaining('Known are ') as string }),
  );
});

test('a minor version that is not in the table has no module', () => {
  expect(() => kubernetesOf(12)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

const own = `module k8s.io/kubernetes

go 1.22.0

require (
	k8s.io/api v0.0.0
	k8s.io/klog/v2 v2.130.1
	k8s.io/kubelet v0.0.0 // indirect
	sigs.k8s.io/json v0.0.0-20221116044647-bc3834ca7abd
)
`;

test('the parts of Kubernetes are those that its go.mod asks for at v0.0.0', () => {
  expect(partsOf(own)).toEqual(['k8s.io/api', 'k8s.io/kubelet']);
});

test('the go.mod of a version names its programs, its parts, and the behaviour of the Go that it was written for', () => {
  const parts = new Map([
    ['k8s.io/api', 'v0.30.14'],
    ['k8s.io/kubelet', 'v0.30.13'],
  ]);
  expect(goModOf('kubernetes-1.30', own, 'v1.30.14', ['k8s.io/kubernetes/cmd/kubelet'], parts)).toBe(
    `module packet-capture/cluster/kubernetes-1.30

go 1.26.0

// As in the programs that Kubernetes releases: the go.mod of Kubernetes names this version.
godebug default=go1.22

tool (
	k8s.io/kubernetes/cmd/kubelet
)

require k8s.io/kubernetes v1.30.14

replace (
	k8s.io/api => k8s.io/api v0.30.14
	k8s.io/kubelet => k8s.io/kubelet v0.30.13
)
`,
  );
});
