import { readdirSync, readFileSync } from 'node:fs';
import { defaultSidecarConfig, type CustomSidecarConfig } from '../../../src/sidecar/index.ts';
import type { InjectManifestOptions } from '../../../src/ways/manifest/index.ts';

const folder = new URL('../../fixtures/manifests/', import.meta.url);

/** The article's sidecar, as its YAML file and its ConfigMap name it. */
export function articleSidecar(name: 'monitor' | 'sidecar-monitor'): CustomSidecarConfig {
  const container = { name, image: 'docker.io/s1240zsw/centos-packet-agent:v1', stdin: true, tty: true };
  return { form: 'custom', containers: [container], initContainers: [], volumes: [] };
}

/** A sidecar of the user's own with everything that such a one can have. */
export const customSidecar: CustomSidecarConfig = {
  form: 'custom',
  containers: [
    {
      name: 'dump',
      image: 'dump:1',
      args: ['-w', '/dump/"a: #b"', 'two\nlines'],
      volumeMounts: [{ name: 'dump', mountPath: '/dump' }],
    },
  ],
  initContainers: [{ name: 'dump-setup', image: 'dump:1' }],
  volumes: [{ name: 'dump', emptyDir: {} }],
};

export interface FixtureCase {
  readonly name: string;
  readonly input: string;
  readonly golden: string;
  readonly options: InjectManifestOptions;
}

type CaseOptions = Partial<InjectManifestOptions>;

/** What is not injected with the defaults; a file may be used in several ways. */
const special: Readonly<Record<string, Readonly<Record<string, CaseOptions>>>> = {
  'article-nginx.yaml': {
    'article-nginx.yaml': { config: articleSidecar('monitor') },
    'article-nginx-agent.yaml': {},
  },
  'article-webhook-deployment.yaml': {
    'article-webhook-deployment.yaml': { config: articleSidecar('sidecar-monitor') },
  },
  'deployment.yaml': {
    'deployment.yaml': {
      settings: { filter: 'tcp port 80 and host "a" # not b: c', snaplen: '96', duration: '1m30s' },
    },
    'deployment-baseline.yaml': { podSecurity: 'baseline' },
    'deployment-own.yaml': { config: customSidecar },
  },
  'pod-volumes.yaml': { 'pod-volumes.yaml': {}, 'pod-volumes-own.yaml': { config: customSidecar } },
  'comments-everywhere.yaml': {
    'comments-everywhere.yaml': {},
    'comments-everywhere-own.yaml': { config: customSidecar },
  },
  'empties.yaml': { 'empties.yaml': {}, 'empties-own.yaml': { config: customSidecar } },
  'flow.yaml': { 'flow.yaml': {}, 'flow-own.yaml': { config: customSidecar } },
  'deployment.json': {
    'deployment.json': { settings: { filter: 'udp' } },
    'deployment-own.json': { config: customSidecar },
  },
  'skipped.yaml': { 'skipped.yaml': { settings: { filter: 'tcp port 80' } } },
};

function readFixture(path: string): string {
  return readFileSync(new URL(path, folder), 'utf8');
}

export const goldenFolder = new URL('golden/', folder);

export const inputNames: readonly string[] = readdirSync(new URL('input/', folder));

export const fixtureCases: readonly FixtureCase[] = inputNames.flatMap((file) =>
  Object.entries(special[file] ?? { [file]: {} }).map(([name, options]) => ({
    name,
    input: readFixture(`input/${file}`),
    get golden(): string {
      return readFixture(`golden/${name}`);
    },
    options: { config: defaultSidecarConfig, settings: {}, file, ...options },
  })),
);

/** What kubectl takes and YAML does not. */
export const beyondYaml: readonly string[] = ['loose-indentation.yaml', 'stream.json'];
