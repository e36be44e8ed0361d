import { describe, expect, test } from 'vitest';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import {
  createKinds,
  injectManifest,
  parseSelection,
  parseTemplateKind,
  type SelectionText,
} from '../../../../src/ways/manifest/index.ts';

const options = { config: defaultSidecarConfig, settings: {}, file: 'f' };
const workload = (kind: string, name: string, labels: string): string =>
  `apiVersion: apps/v1\nkind: ${kind}\nmetadata: {name: ${name}, labels: {${labels}}}\nspec: {template: {spec: {containers: [{name: a, image: a}]}}}\n`;
const text = [
  workload('Deployment', 'web', 'app: web, tier: front'),
  workload('Deployment', 'api', 'app: api'),
  workload('StatefulSet', 'web', 'app: db'),
].join('---\n');

function selected(selection: SelectionText): string[] {
  const selects = parseSelection(selection, createKinds());
  return injectManifest(text, { ...options, selects }).reports.map(
    ({ kind, name, result }) => `${kind}/${name} ${result}`,
  );
}

test('kinds, names and labels choose the workloads; of others nothing is said', () => {
  const all = ['Deployment/web injected', 'Deployment/api injected', 'StatefulSet/web injected'];
  const [web, api, database] = all;
  expect(selected({})).toEqual(all);
  expect(selected({ kinds: ['deploy'] })).toEqual([web, api]);
  expect(selected({ kinds: ['deployments.apps', 'sts'] })).toEqual(all);
  expect(selected({ names: ['web'] })).toEqual([web, database]);
  expect(selected({ kinds: ['StatefulSet'], names: ['web', 'api'] })).toEqual([database]);
  expect(selected({ selector: 'app in (web, api),tier!=front' })).toEqual([api]);
  expect(selected({ names: ['other'] })).toEqual([]);
});

test('what is not chosen keeps its bytes', () => {
  const selects = parseSelection({ names: ['api'] }, createKinds());
  const parts = injectManifest(text, { ...options, selects }).text.split('---\n');
  expect([parts[0], parts[2]]).toEqual([text.split('---\n')[0], text.split('---\n')[2]]);
  expect(parts[1]).toContain('packet-capture');
});

test.each(['service/web', 'configmap', 'widgets'])('a kind without a pod template is an error: %s', (kind) => {
  expect(() => parseSelection({ kinds: [kind] }, createKinds())).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

describe('kinds of others', () => {
  const object = (apiVersion: string, kind: string, path: string): string => {
    const inner = path
      .split('.')
      .reduceRight<unknown>((value, key) => ({ [key]: value }), { spec: { containers: [{ name: 'a', image: 'a' }] } });
    return JSON.stringify({ apiVersion, kind, metadata: { name: 'x' }, ...(inner as object) });
  };
  const results = (manifest: string, paths: readonly string[] = []): string[] =>
    injectManifest(manifest, { ...options, kinds: createKinds(paths.map(parseTemplateKind)) }).reports.map(
      ({ kind, result, reason }) => `${kind} ${reason ?? result}`,
    );

  test.each([
    ['argoproj.io/v1alpha1', 'Rollout'],
    ['apps.openshift.io/v1', 'DeploymentConfig'],
    ['v1', 'DeploymentConfig'],
  ])('are known: %s %s', (apiVersion, kind) => {
    expect(results(object(apiVersion, kind, 'spec.template'))).toEqual([`${kind} injected`]);
  });

  test('are told from those of the same name, which may be anything', () => {
    for (const apiVersion of ['v1', 'example.com/v1']) {
      const manifest = `apiVersion: ${apiVersion}\nkind: Service\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: a, image: a}]}}, twice: 1, twice: 2}\n`;
      expect(injectManifest(manifest, options)).toMatchObject({ text: manifest, reports: [] });
    }
    expect(results('kind: Rollout\nspec: {template: {spec: {containers: [{name: a, image: a}]}}}\n')).toEqual([]);
    expect(results('kind: Template\napiVersion: example.com/v1\nobjects: 5\n')).toEqual([]);
  });

  test("Knative's take containers alone, unless somebody who knows better names the path", () => {
    const manifest = object('serving.knative.dev/v1', 'Service', 'spec.template');
    expect(results(manifest)).toEqual(['Service knative']);
    expect(results(manifest, ['serving.knative.dev/Service=spec.template'])).toEqual(['Service injected']);
    const own = { form: 'custom', containers: [{ name: 'dump' }], initContainers: [], volumes: [] } as const;
    expect(injectManifest(manifest, { ...options, config: own }).reports).toMatchObject([{ result: 'injected' }]);
  });

  test('are known by the path that is given', () => {
    const manifest = object('flink.apache.org/v1beta1', 'FlinkDeployment', 'spec.jobManager.podTemplate');
    expect(results(manifest)).toEqual([]);
    expect(results(manifest, ['flink.apache.org/FlinkDeployment=spec.jobManager.podTemplate'])).toEqual([
      'FlinkDeployment injected',
    ]);
    expect(results(manifest, ['flink.apache.org/FlinkDeployment=.spec.jobManager'])).toEqual([
      'FlinkDeployment no_pod_template',
    ]);
    expect(results(manifest, ['example.com/FlinkDeployment=spec.jobManager.podTemplate'])).toEqual([]);
  });

  test.each([
    'FlinkDeployment',
    'a/b=c',
    'flink.apache.org/v1/FlinkDeployment=spec',
    'A/B=spec',
    'x.y/Z=',
    'x.y/Z=a..b',
  ])('a path of another form is refused: %s', (path) => {
    expect(() => parseTemplateKind(path)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  test('in an OpenShift Template, the objects are workloads, parameters and all', () => {
    const manifest =
      'apiVersion: template.openshift.io/v1\nkind: Template\nobjects:\n- apiVersion: apps.openshift.io/v1\n  kind: DeploymentConfig\n  metadata:\n    name: ${NAME}\n  spec:\n    replicas: ${{COUNT}}\n    template:\n      spec:\n        containers:\n        - name: a\n          image: ${IMAGE}\nparameters:\n- name: NAME\n';
    const { text: injected, reports } = injectManifest(manifest, options);
    expect(reports).toMatchObject([{ kind: 'DeploymentConfig', name: '${NAME}', result: 'injected', line: 4 }]);
    expect(injected).toContain(
      '    template:\n      metadata:\n        annotations:\n          packet-capture/status: ',
    );
  });
});
