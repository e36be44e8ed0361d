import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { moduleSources } from '../../../scripts/cluster/goBuild.ts';
import { kubernetesOf } from '../../../scripts/cluster/goModules.ts';
import { moduleFile, type ModuleVersion } from '../../../scripts/cluster/moduleFile.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { newestKubernetes } from '../../../scripts/cluster/versions.ts';
import { minimums } from '../../../src/minimums.ts';
import type { ManifestObject } from '../../../src/release/helm/renderedObjects.ts';
import { customSchema, jsonSchema, type Definition, type Kind, type OpenApi } from './jsonSchemas.ts';

/** The minor versions of Kubernetes 1 that the chart supports, the oldest first. */
export const supportedMinors: readonly number[] = Array.from(
  { length: newestKubernetes.minor - minimums.matchConditions + 1 },
  (_, index) => minimums.matchConditions + index,
);

/** Of a version of which there is no node, only the document is read. */
const withoutNode: Readonly<Record<number, ModuleVersion>> = {
  32: { module: 'k8s.io/kubernetes', version: 'v1.32.13', sum: 'h1:5TGYdZ6YZqdp6h/Rp1vX/4TIoybMPdgv97LCZCtPuNQ=' },
};

const operator: ModuleVersion = {
  module: 'github.com/prometheus-operator/prometheus-operator',
  version: 'v0.85.0',
  sum: 'h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=',
};
const certManager: ModuleVersion = {
  module: 'github.com/cert-manager/cert-manager',
  version: 'v1.21.2',
  sum: 'h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68=',
};

/** Where the kinds of others that the chart renders are defined. */
const definitions: ReadonlyArray<readonly [ModuleVersion, string]> = [
  ...['podmonitors', 'prometheusrules', 'servicemonitors'].map(
    (plural) => [operator, `example/prometheus-operator-crd/monitoring.coreos.com_${plural}.yaml`] as const,
  ),
  ...['certificates', 'issuers'].map((plural) => [certManager, `deploy/crds/cert-manager.io_${plural}.yaml`] as const),
];

/** The OpenAPI document that Kubernetes 1.NN is built with. */
export async function openApiOf(minor: number): Promise<OpenApi> {
  const version = withoutNode[minor] ?? (await moduleOf(minor));
  return JSON.parse(await moduleFile(version, 'api/openapi-spec/swagger.json', stderrProgress)) as OpenApi;
}

/** The module and its sum as the node of that version is built from it. */
async function moduleOf(minor: number): Promise<ModuleVersion> {
  const { folder, variables } = kubernetesOf(minor);
  const version = variables['k8s.io/component-base/version.gitVersion'];
  const sums = await readFile(join(moduleSources, folder, 'go.sum'), 'utf8');
  const line = sums.split('\n').find((text) => text.startsWith(`k8s.io/kubernetes ${version} `));
  return { module: 'k8s.io/kubernetes', version, sum: line?.split(' ')[2] ?? '' };
}

/** The kinds of objects, each once. */
export function kindsOf(objects: readonly ManifestObject[]): readonly Kind[] {
  const kinds = objects.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`);
  return [...new Set(kinds)].map((text) => {
    const [apiVersion = '', kind = ''] = text.split(' ');
    const [version = '', group = ''] = apiVersion.split('/').toReversed();
    return { group, version, kind };
  });
}

/** Writes the schemas of the kinds that Kubernetes 1.NN or one of the operators has, as kubeconform looks for them. */
export async function writeSchemas(folder: string, minor: number, kinds: readonly Kind[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const openApi = await openApiOf(minor);
  const custom = new Map((await Promise.all(definitions.map(readDefinition))).flat());
  for (const kind of kinds) {
    const schema = jsonSchema(openApi, kind) ?? custom.get(fileOf(kind));
    if (schema !== undefined) await writeFile(join(folder, fileOf(kind)), JSON.stringify(schema));
  }
}

/** `deployment-apps-v1.json` */
function fileOf({ group, version, kind }: Kind): string {
  const [first = ''] = group.split('.');
  return `${[kind.toLowerCase(), ...(first === '' ? [] : [first]), version].join('-')}.json`;
}

interface CustomResourceDefinition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Definition } }[];
  };
}

async function readDefinition([version, path]: readonly [ModuleVersion, string]): Promise<[string, object][]> {
  const { spec } = load(await moduleFile(version, path, stderrProgress)) as CustomResourceDefinition;
  const { group, names, versions } = spec;
  return versions.map(({ name, schema }) => [
    fileOf({ group, version: name, kind: names.kind }),
    customSchema(schema.openAPIV3Schema),
  ]);
}
