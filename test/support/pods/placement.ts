import type { PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { container, injected, skipped, spec, withAnnotations, withSpec, type PodFixture } from './build.ts';

interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** Each list is a term: the scheduler needs one of them. */
const required = (...terms: readonly (readonly Expression[])[]): PodTemplate =>
  withSpec({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: terms.map((matchExpressions) => ({ matchExpressions })),
        },
      },
    },
  });
const is = (key: string, ...values: string[]): Expression => ({ key, operator: 'In', values });
const isNot = (key: string, ...values: string[]): Expression => ({ key, operator: 'NotIn', values });
const os = 'kubernetes.io/os';
const preferred = (expression: Expression): object => ({
  nodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: { matchExpressions: [expression] } }],
  },
});
const labelled = (labels: Readonly<Record<string, string>>): PodTemplate => ({ metadata: { labels }, spec: spec() });
const onNode = (labels: Readonly<Record<string, string>>): PodTemplate => withSpec({ nodeSelector: labels });
const tolerating = (...tolerations: readonly object[]): PodTemplate => withSpec({ tolerations });
const options = { securityContext: { windowsOptions: { runAsUserName: 'ContainerUser' } } };
const burst = { key: 'virtual-kubelet.io/provider', operator: 'Exists' };

/** Pods that say where they run, in all the ways that there are. */
export const placement: readonly PodFixture[] = [
  skipped('windows', 'windows-old-label', onNode({ 'beta.kubernetes.io/os': 'windows' })),
  skipped('windows', 'windows-upper-case', onNode({ [os]: 'Windows' })),
  skipped('windows', 'windows-build', onNode({ 'node.kubernetes.io/windows-build': '10.0.20348' })),
  skipped('windows', 'windows-openshift', onNode({ 'node.openshift.io/os_id': 'Windows' })),
  skipped('windows', 'windows-aks', onNode({ 'kubernetes.azure.com/os-sku': 'Windows2022' })),
  skipped('windows', 'windows-gke', onNode({ 'cloud.google.com/gke-os-distribution': 'windows_ltsc' })),
  skipped('windows', 'windows-affinity', required([is(os, 'windows')])),
  skipped('windows', 'windows-affinity-and-more', required([is('disk', 'ssd'), is(os, 'windows')])),
  skipped('windows', 'windows-every-term', required([is(os, 'windows')], [is('beta.kubernetes.io/os', 'windows')])),
  skipped('windows', 'windows-not-linux', required([isNot(os, 'linux')])),
  skipped('windows', 'windows-any-build', required([{ key: 'node.kubernetes.io/windows-build', operator: 'Exists' }])),
  skipped('windows', 'windows-options-of-pod', withSpec(options)),
  skipped('windows', 'windows-options', withSpec({ containers: [container('app', options)] })),
  skipped('windows', 'windows-options-of-init', withSpec({ initContainers: [container('init', options)] })),
  skipped(
    'windows',
    'windows-host-process',
    withSpec({
      hostNetwork: false,
      containers: [container('app', { securityContext: { windowsOptions: { hostProcess: false } } })],
    }),
  ),
  skipped('windows', 'windows-class', withSpec({ runtimeClassName: 'windows-2022' })),
  skipped('windows', 'windows-hyper-v', withSpec({ runtimeClassName: 'runhcs-wcow-hypervisor' })),
  skipped(
    'windows',
    'windows-image',
    withSpec({ containers: [container('app', { image: 'mcr.microsoft.com/windows/servercore/iis' })] }),
  ),
  skipped(
    'windows',
    'windows-base-image',
    withSpec({ containers: [container('app', { image: 'mcr.microsoft.com/windows:ltsc2019' })] }),
  ),
  skipped(
    'windows',
    'windows-image-tag',
    withSpec({ containers: [container('app', { image: 'golang:1.27-nanoserver-ltsc2022' })] }),
  ),
  injected('windows-preferred', withSpec({ affinity: preferred(is(os, 'windows')) })),
  injected('windows-or-linux', required([is(os, 'windows', 'linux')])),
  injected('windows-or-another-term', required([is(os, 'windows')], [is('disk', 'ssd')])),
  injected('not-windows', required([isNot(os, 'windows')])),
  injected('windows-tolerated', tolerating({ key: 'os', operator: 'Equal', value: 'windows', effect: 'NoSchedule' })),
  injected('linux-with-windows-options', withSpec({ ...options, nodeSelector: { [os]: 'linux' } })),
  injected(
    'linux-os-with-windows-image',
    withSpec({ os: { name: 'linux' }, containers: [container('app', { image: 'example/servercore-exporter:1' })] }),
  ),
  injected(
    'microsoft-image',
    withSpec({ containers: [container('app', { image: 'mcr.microsoft.com/dotnet/aspnet:9.0' })] }),
  ),
  injected('affinity-empty', withSpec({ affinity: {} })),
  injected(
    'affinity-of-pods',
    withSpec({
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: os, labelSelector: { matchLabels: { a: 'b' } } },
          ],
        },
      },
    }),
  ),
  injected(
    'affinity-by-name',
    withSpec({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [is('metadata.name', 'one')] }],
          },
        },
      },
    }),
  ),
  skipped('sandbox', 'sandbox-gvisor', withSpec({ runtimeClassName: 'gvisor' })),
  skipped('sandbox', 'sandbox-runsc', withSpec({ runtimeClassName: 'runsc-kvm' })),
  injected('sandbox-kata', withSpec({ runtimeClassName: 'kata-qemu' })),
  injected('runtime-class', withSpec({ runtimeClassName: 'fast' })),
  skipped('fargate', 'fargate-label', labelled({ app: 'web', 'eks.amazonaws.com/fargate-profile': 'fp-shop' })),
  skipped('fargate', 'fargate-scheduler', withSpec({ schedulerName: 'fargate-scheduler' })),
  skipped('fargate', 'fargate-node', onNode({ 'eks.amazonaws.com/compute-type': 'fargate' })),
  skipped('fargate', 'fargate-affinity', required([is('eks.amazonaws.com/compute-type', 'fargate')])),
  injected('eks-not-fargate', required([isNot('eks.amazonaws.com/compute-type', 'fargate')])),
  injected('eks-hybrid', onNode({ 'eks.amazonaws.com/compute-type': 'hybrid' })),
  skipped('virtual_node', 'virtual-node', onNode({ type: 'virtual-kubelet', 'kubernetes.io/role': 'agent' })),
  skipped('virtual_node', 'virtual-node-of-aks', onNode({ virtualization: 'virtualnode2' })),
  skipped('virtual_node', 'virtual-node-affinity', required([is('type', 'virtual-kubelet')])),
  skipped('virtual_node', 'virtual-node-when-full', tolerating(burst)),
  skipped(
    'virtual_node',
    'virtual-node-azure',
    tolerating({ key: 'azure.com/aci', effect: 'NoSchedule', operator: 'Exists' }),
  ),
  skipped('virtual_node', 'virtual-node-alibaba', labelled({ 'alibabacloud.com/eci': 'true' })),
  skipped('virtual_node', 'virtual-node-huawei', labelled({ 'bursting.cci.io/burst-to-cci': 'auto' })),
  skipped('virtual_node', 'virtual-node-tencent', onNode({ 'node.kubernetes.io/instance-type': 'eklet' })),
  skipped(
    'virtual_node',
    'virtual-node-named',
    withSpec({ nodeName: 'virtual-node-aci-linux', terminationGracePeriodSeconds: 0 }),
  ),
  injected(
    'virtual-node-refused',
    labelled({ 'alibabacloud.com/eci': 'false', 'bursting.cci.io/burst-to-cci': 'off' }),
  ),
  injected('not-a-virtual-node', required([isNot('type', 'virtual-kubelet')])),
  injected('tolerates-all', tolerating({ operator: 'Exists' })),
  injected('node-of-a-type', onNode({ type: 'compute', 'node.kubernetes.io/instance-type': 'm5.large' })),
  // Two reasons: the first that is looked for counts, in every way.
  skipped(
    'windows',
    'windows-on-fargate',
    withSpec({ schedulerName: 'fargate-scheduler', nodeSelector: { [os]: 'windows' } }),
  ),
  skipped(
    'opted_out',
    'opted-out-on-fargate',
    withAnnotations({ 'packet-capture/inject': 'false' }, { schedulerName: 'fargate-scheduler' }),
  ),
];

/** Classes of the cluster that pods name: without them the API server refuses these. */
export const runtimeClasses: readonly object[] = [
  'windows-2022',
  'runhcs-wcow-hypervisor',
  'gvisor',
  'runsc-kvm',
  'kata-qemu',
  'fast',
].map((name) => ({
  apiVersion: 'node.k8s.io/v1',
  kind: 'RuntimeClass',
  metadata: { name },
  handler: 'none',
}));
