import { describe, expect, test } from 'vitest';
import { workloadKinds } from '../../../../src/kubernetes/api/kinds.ts';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { injectManifest, uninjectManifest } from '../../../../src/ways/manifest/index.ts';
import { articleSidecar } from '../../../support/manifest/cases.ts';

const options = { config: defaultSidecarConfig, settings: {}, file: 'app.yaml' };

describe('the report', () => {
  test('names every workload with its document, line and namespace', () => {
    const text = [
      '# head',
      'apiVersion: v1',
      'kind: Pod',
      'metadata: {generateName: a-, namespace: shop}',
      'spec: {containers: [{name: a, image: a}]}',
      '---',
      'apiVersion: v1',
      'kind: List',
      'items:',
      '- apiVersion: apps/v1',
      '  kind: Deployment',
      '  metadata: {name: 5}',
      '- kind: ConfigMap',
      '- apiVersion: v1',
      '  kind: Pod',
      '',
    ].join('\n');
    expect(injectManifest(text, options).reports).toEqual([
      { document: 1, line: 2, kind: 'Pod', name: 'a-', namespace: 'shop', result: 'injected' },
      { document: 2, line: 10, kind: 'Deployment', name: '5', result: 'skipped', reason: 'no_pod_template' },
      { document: 2, line: 14, kind: 'Pod', name: '', result: 'skipped', reason: 'no_pod_template' },
    ]);
  });

  test('is empty for a text without workloads, which stays as it is', () => {
    for (const text of [
      '',
      '\n',
      '# nothing\n',
      '---\n---\n',
      'text',
      '[]',
      '{}',
      '5',
      'a: b',
      'kind: ~\n',
      'metadata: {}\n',
      'kind: AllowList\nitems: {a: b}\n',
      'kind: Other\napiVersion: 1\na: twice\na: twice\n',
      'kind: ResourceList\nitems: []\n',
    ]) {
      expect(injectManifest(text, options)).toMatchObject({ text, reports: [], insertions: [] });
      expect(uninjectManifest(text, options)).toMatchObject({ text, reports: [], deletions: [] });
    }
  });

  test('has every kind of workload', () => {
    const paths: Readonly<Record<string, string>> = {
      Pod: '',
      PodTemplate: 'template',
      CronJob: 'spec.jobTemplate.spec.template',
    };
    const groups: Readonly<Record<string, string>> = {
      Pod: 'v1',
      PodTemplate: 'v1',
      ReplicationController: 'v1',
      Job: 'batch/v1',
      CronJob: 'batch/v1',
    };
    for (const kind of workloadKinds) {
      const keys = (paths[kind] ?? 'spec.template').split('.').filter((key) => key !== '');
      const object = keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), {
        spec: { containers: [{ name: 'a', image: 'a' }] },
      });
      const text = JSON.stringify({ apiVersion: groups[kind] ?? 'apps/v1', kind, ...(object as object) });
      expect(injectManifest(text, options).reports).toMatchObject([{ kind, result: 'injected' }]);
    }
  });
});

describe('where the text goes', () => {
  test('below the comments at the head of the document when the object itself gets a key', () => {
    const spec = 'spec:\n  containers:\n  - name: a\n    image: a\n';
    const added = "metadata:\n  annotations:\n    packet-capture/status: '";
    for (const head of ['# licence\n\n', '--- # first\n# licence\n', '']) {
      const { text } = injectManifest(`${head}${spec}apiVersion: v1\nkind: Pod\n`, options);
      expect(text.startsWith(head + added)).toBe(true);
    }
  });

  test('behind the containers that are there, as the article has it', () => {
    const text =
      'apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    image: a\n    args: |+\n      x\n\n\n  # end\n';
    expect(injectManifest(text, { ...options, config: articleSidecar('monitor') }).text).toBe(
      text.replace(
        '\n\n\n',
        '\n\n\n  - name: monitor\n    image: docker.io/s1240zsw/centos-packet-agent:v1\n    stdin: true\n    tty: true\n',
      ),
    );
  });

  test('before the first item and below the comment of the key', () => {
    const text =
      'apiVersion: v1\nkind: Pod\nspec:\n  initContainers: # two\n\n  # one\n  - name: one\n    image: one\n  containers: [{name: a, image: a}]\n';
    expect(injectManifest(text, options).text).toContain('  initContainers: # two\n  - name: packet-capture\n');
  });
});
