import jsonPatch, { type Operation } from 'fast-json-patch';
import { additionPatch, planInjection } from '../../../src/inject/index.ts';
import type { PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig } from '../../../src/sidecar/index.ts';
import { container, skipped, spec, withAnnotations, withSpec, type PodFixture } from './build.ts';

const own = { name: 'packet-capture-files', emptyDir: {} };

/** Pods that are left alone, each for its reason. */
export const leftAlone: readonly PodFixture[] = [
  skipped('opted_out', 'opted-out', withAnnotations({ 'packet-capture/inject': 'false' })),
  skipped('host_network', 'host-network', withSpec({ hostNetwork: true })),
  skipped(
    'host_network',
    'host-network-and-ports',
    withSpec({ hostNetwork: true, containers: [container('app', { ports: [{ containerPort: 80 }] })] }),
  ),
  skipped('windows', 'windows-os', withSpec({ os: { name: 'windows' } })),
  skipped('windows', 'windows-node', withSpec({ nodeSelector: { 'kubernetes.io/os': 'windows' } })),
  skipped('mirror_pod', 'mirror', mirror()),
  skipped('already_injected', 'already-injected', withSidecar(withSpec({ initContainers: [container('init')] }))),
  skipped('already_injected', 'injected-by-older', older()),
  skipped(
    'already_injected',
    'status-unreadable',
    withAnnotations({ 'packet-capture/status': 'injected' }, { initContainers: [agent()] }),
  ),
  skipped(
    'foreign_status',
    'status-alone',
    withAnnotations({ 'packet-capture/status': status(['packet-capture'], ['packet-capture-files']) }),
  ),
  skipped('foreign_status', 'status-alone-unreadable', withAnnotations({ 'packet-capture/status': 'injected' })),
  skipped('foreign_status', 'status-alone-empty', withAnnotations({ 'packet-capture/status': '' })),
  skipped(
    'foreign_status',
    'status-of-others',
    withAnnotations(
      { 'packet-capture/status': status(['app'], ['data']) },
      { volumes: [{ name: 'data', emptyDir: {} }] },
    ),
  ),
  skipped(
    'foreign_status',
    'status-and-volume',
    withAnnotations({ 'packet-capture/status': '{}' }, { volumes: [own] }),
  ),
  skipped('status_missing', 'sidecar-alone', withSpec({ initContainers: [agent(), container('init')] })),
  skipped(
    'status_missing',
    'sidecar-alone-of-a-registry',
    withSpec({
      initContainers: [agent({ image: `registry.example:5000/tools/packet-capture/agent@sha256:${'0'.repeat(64)}` })],
    }),
  ),
  skipped(
    'status_missing',
    'sidecar-alone-of-another-name',
    withSpec({
      initContainers: [
        agent({
          image: 'example/capture:2',
          volumeMounts: [{ name: 'packet-capture-settings', mountPath: '/etc/packet-capture/settings' }],
        }),
      ],
      volumes: [{ name: 'packet-capture-settings', emptyDir: {} }],
    }),
  ),
  skipped(
    'name_collision',
    'image-of-another',
    withSpec({ initContainers: [agent({ image: 'example/packet-capture:agent' })] }),
  ),
  skipped('name_collision', 'our-image-elsewhere', withSpec({ containers: [agent({ restartPolicy: undefined })] })),
  skipped('name_collision', 'container-of-that-name', withSpec({ containers: [container('packet-capture')] })),
  skipped(
    'name_collision',
    'init-of-that-name',
    withSpec({ initContainers: [container('init'), container('packet-capture')] }),
  ),
  ...['files', 'settings', 'no-token', 'upload'].map((name) =>
    skipped(
      'name_collision',
      `volume-${name}`,
      withSpec({
        volumes: [
          { name: 'data', emptyDir: {} },
          { ...own, name: `packet-capture-${name}` },
        ],
      }),
    ),
  ),
  skipped('system_namespace', 'system', withSpec({}), { namespace: 'kube-system' }),
  skipped('system_namespace', 'node-lease', withSpec({}), { namespace: 'kube-node-lease' }),
  // Two reasons: the first that is looked for counts, in every way.
  skipped('opted_out', 'opted-out-on-host', {
    ...withAnnotations({ 'packet-capture/inject': 'false' }, { hostNetwork: true }),
  }),
  skipped('host_network', 'host-network-and-collision', withSpec({ hostNetwork: true, volumes: [own] })),
  skipped(
    'already_injected',
    'injected-and-collision',
    withAnnotations({ 'packet-capture/status': '{}' }, { initContainers: [agent()], volumes: [own] }),
  ),
  skipped(
    'host_network',
    'status-alone-on-host',
    withAnnotations({ 'packet-capture/status': '{}' }, { hostNetwork: true }),
  ),
];

/** The API server takes a mirror only with a node; there is none of that name. */
function mirror(): PodTemplate {
  const annotations = {
    'packet-capture/inject': 'true',
    'kubernetes.io/config.mirror': 'a1',
    'kubernetes.io/config.hash': 'a1',
  };
  return withAnnotations(annotations, { nodeName: 'nowhere', terminationGracePeriodSeconds: 0 });
}

function withSidecar(template: PodTemplate): PodTemplate {
  const plan = planInjection(template, { config: defaultSidecarConfig, settings: {}, podSecurity: 'privileged' });
  if (!plan.inject) throw new Error(plan.reason);
  const patch = additionPatch(template, plan.addition, []);
  return jsonPatch.applyPatch<PodTemplate>(structuredClone(template), structuredClone(patch) as Operation[], true)
    .newDocument;
}

function status(containers: readonly string[], volumes: readonly string[]): string {
  return JSON.stringify({ version: '0.0.9', containers, volumes });
}

function agent(fields: Readonly<Record<string, unknown>> = {}): ReturnType<typeof container> {
  return container('packet-capture', { image: 'packet-capture/agent:0.0.9', restartPolicy: 'Always', ...fields });
}

/** As an older version may have done it: another place, another image. */
function older(): PodTemplate {
  return {
    metadata: { annotations: { 'packet-capture/status': status(['packet-capture'], ['packet-capture-files']) } },
    spec: spec({
      initContainers: [
        container('init'),
        agent({ image: 'example/older:1', volumeMounts: [{ name: 'packet-capture-files', mountPath: '/captures' }] }),
      ],
      volumes: [own],
    }),
  };
}
