import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { pauseImage } from '../../../../scripts/cluster/nodeConfig.ts';
import { localRegistry } from '../../../../scripts/images/names.ts';
import { agentImage, cli, kube } from '../../cluster/clusterFixture.ts';
import type { BundleFiles } from './bundle.ts';
import { registryAddress, type Registry } from './registry.ts';

const node = inject('node');

/** How the release injects, and where its certificates come from. */
export type Mode = 'baked' | 'existingSecret' | 'policy';

/** A release and two apps as files for Flux. What changes is in its fields. */
export interface Deployment {
  readonly mode: Mode;
  /** Namespace of the release; the release has the same name. */
  readonly release: string;
  /** Namespace of the apps, which Flux makes. */
  readonly shop: string;
  /** A namespace that somebody else has made, with a label `team`, to which Flux adds the release's label. */
  readonly legacy: string;
  /** `certs` of the chart's values; the folder is that of `packet-capture certs`. */
  readonly certificates: { readonly folder: string; values: CertsOfValues };
  /** Settings of the chart's value `capture`. */
  capture: Readonly<Record<string, string>>;
}

interface CertsOfValues {
  readonly caBundle: string;
  readonly certificate: string;
  readonly key: string;
}

const existingSecret = 'injector-tls';

export async function newDeployment(mode: Mode): Promise<Deployment> {
  const release = `gitops-${mode.toLowerCase()}-${Date.now().toString(36)}`;
  const folder = await mkdtemp(join(node.stateDir, 'certs-'));
  const service = fullname(release);
  const args = ['new', '--service', service, '-n', release, '--out', join(folder, 'certs')];
  return {
    mode,
    release,
    shop: `${release}-shop`,
    legacy: `${release}-legacy`,
    certificates: { folder: join(folder, 'certs'), values: await certs(args) },
    capture: {},
  };
}

/** Takes the next step of a rotation. */
export async function rotate(deployment: Deployment): Promise<void> {
  deployment.certificates.values = await certs(['rotate', deployment.certificates.folder]);
}

async function certs(args: readonly string[]): Promise<CertsOfValues> {
  const { exitCode, stdout, stderr } = await cli(['certs', ...args, '-o', 'json']);
  expect(exitCode, stderr).toBe(0);
  return (JSON.parse(stdout) as { readonly certs: CertsOfValues }).certs;
}

/** As the chart names its objects. */
export function fullname(release: string): string {
  return `${release}-packet-capture`;
}

/** The bundle: what `helm template` makes of the pushed chart, the release's namespace, and the apps with way 1. */
export async function filesOf(deployment: Deployment, { helm }: Registry, version: string): Promise<BundleFiles> {
  const { mode, release, shop, legacy, certificates } = deployment;
  const chart = `oci://${registryAddress}/charts/packet-capture`;
  const values = {
    global: { imageRegistry: localRegistry },
    webhook: { timeoutSeconds: 30, failurePolicy: 'Fail' },
    injection: { namespaceLabel: `${release}/injection`, ...(mode === 'policy' ? { way: 'policy' } : {}) },
    extraArgs: ['--drain=1s'],
    capture: deployment.capture,
    ...(mode === 'baked' ? { certs: certificates.values } : {}),
    ...(mode === 'existingSecret' ? { certs: { mode, existingSecret, caBundle: certificates.values.caBundle } } : {}),
  };
  const policyApi = 'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy';
  const rendered = await helm(
    ['template', release, chart, '--version', version, '--plain-http', '--namespace', release, '--no-hooks'].concat([
      '--skip-tests',
      '--kube-version',
      '1.37.2',
      '--api-versions',
      policyApi,
      '--values',
      '-',
    ]),
    JSON.stringify(values),
  );
  const base = {
    'shop/base/web.yaml': yaml(app('web', shop)),
    'shop/base/kustomization.yaml': resources(['web.yaml']),
  };
  const platform = ['namespace.yaml', 'rendered.yaml', ...(mode === 'existingSecret' ? ['certificates.yaml'] : [])];
  return {
    'platform/kustomization.yaml': resources(platform),
    'platform/namespace.yaml': yaml({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: release } }),
    'platform/rendered.yaml': rendered,
    ...(mode === 'existingSecret' ? { 'platform/certificates.yaml': await tlsSecret(deployment) } : {}),
    ...base,
    // Way 1: a patch for each workload of the base.
    'shop/capture/kustomization.yaml': await component(base['shop/base/web.yaml']),
    'shop/overlay/kustomization.yaml':
      resources(['../base', 'namespaces.yaml', 'api.yaml']) + 'components: [../capture]\n',
    'shop/overlay/namespaces.yaml': [namespace(shop, release), namespace(legacy, release, true)]
      .map(yaml)
      .join('---\n'),
    // Asks for the sidecar in its own source; its pods get it when they are created.
    'shop/overlay/api.yaml': yaml(app('api', shop, { 'packet-capture/inject': 'true' })),
  };
}

async function component(base: string): Promise<string> {
  const flags = ['-o', 'patch', '--image', agentImage, '--filter', 'tcp port 80'];
  const { exitCode, stdout, stderr } = await cli(['inject', '-f', '-', ...flags], base);
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

async function tlsSecret({ release, certificates }: Deployment): Promise<string> {
  const [certificate, key] = ['tls.crt', 'tls.key'].map((file) => join(certificates.folder, file));
  const flags = [`--cert=${certificate}`, `--key=${key}`, '-n', release, '--dry-run=client', '-o', 'yaml'];
  return kube(['create', 'secret', 'tls', existingSecret, ...flags]);
}

function namespace(name: string, release: string, ofOthers = false): object {
  const prefix = 'kustomize.toolkit.fluxcd.io';
  const annotations = { [`${prefix}/ssa`]: 'Merge', [`${prefix}/prune`]: 'disabled' };
  const labels = { [`${release}/injection`]: 'enabled' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels, ...(ofOthers ? { annotations } : {}) } };
}

function app(name: string, shop: string, annotations?: Readonly<Record<string, string>>): object {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: shop },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, ...(annotations === undefined ? {} : { annotations }) },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [{ name: 'app', image: pauseImage, imagePullPolicy: 'Never' }],
        },
      },
    },
  };
}

/** JSON is YAML, in one line: what kustomize and Flux read is the same. */
function yaml(object: object): string {
  return `${JSON.stringify(object)}\n`;
}

function resources(files: readonly string[]): string {
  return `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [${files.join(', ')}]\n`;
}
