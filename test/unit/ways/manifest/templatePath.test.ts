import { describe, expect, test } from 'vitest';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import {
  createKinds,
  injectManifest,
  parseTemplateKind,
  patchManifest,
  uninjectManifest,
} from '../../../../src/ways/manifest/index.ts';
import { everyChild } from '../../../../src/ways/manifest/templatePath.ts';

describe('a path is written as JSONPath', () => {
  test.each([
    ['Widget=spec.template', ['spec', 'template']],
    ['Widget=.spec.template', ['spec', 'template']],
    ['Widget=$.spec.template', ['spec', 'template']],
    ['Widget=spec.groups[0].template', ['spec', 'groups', 0, 'template']],
    ['Widget=spec.groups[*].template', ['spec', 'groups', everyChild, 'template']],
    ['Widget=spec.groups.*.template', ['spec', 'groups', everyChild, 'template']],
    ['Widget=spec["a.b"][\'c\'].template', ['spec', 'a.b', 'c', 'template']],
    ['Widget=spec.a-b.c_d', ['spec', 'a-b', 'c_d']],
  ])('%s', (text, path) => {
    expect(parseTemplateKind(text)).toEqual({ group: '', kind: 'Widget', path, text });
  });

  test.each([
    'Widget',
    'Widget=',
    'Widget=.',
    'Widget=spec..template',
    'Widget=spec.template.',
    'Widget=spec[0',
    'Widget=spec[]',
    'Widget=spec[-1].template',
    'Widget=spec[0:2].template',
    'Widget=spec[?(@.a)].template',
    'Widget=spec[0]template',
    'Widget={.spec.template}',
    'Widget=spec..*',
    'Widget=spec. template',
    'widget=spec',
    'example.org/v1/Widget=spec.template',
  ])('%s is wrong usage', (text) => {
    expect(() => parseTemplateKind(text)).toThrow(expect.objectContaining({ code: 'USAGE', where: '--template-path' }));
  });
});

const set = `apiVersion: leaderworkerset.x-k8s.io/v1
kind: LeaderWorkerSet
metadata: {name: llm, namespace: ai}
spec:
  leaderWorkerTemplate:
    leaderTemplate:
      spec:
        containers: [{name: leader, image: "vllm:1"}]
    workerTemplate:
      spec:
        containers:
        - name: worker
          image: vllm:1
`;
const job = `apiVersion: example.org/v1
kind: Job
metadata: {name: train}
spec:
  replicas:
    Master: {template: {spec: {containers: [{name: master, image: a}]}}}
    Worker:
      template:
        spec:
          containers:
          - {name: worker, image: a}
    Idle: {}
  groups:
  - template:
      spec:
        containers: [{name: first, image: a}]
  - name: none
  - template:
      spec:
        containers: [{name: third, image: a}]
`;

function optionsFor(...paths: string[]) {
  return { config: defaultSidecarConfig, settings: {}, file: 'f', kinds: createKinds(paths.map(parseTemplateKind)) };
}

describe.each([
  [
    'two paths of one kind',
    set,
    ['leaderTemplate', 'workerTemplate'].map(
      (name) => `leaderworkerset.x-k8s.io/LeaderWorkerSet=spec.leaderWorkerTemplate.${name}`,
    ),
    ['.leaderTemplate', '.workerTemplate'],
  ],
  [
    'every value of a mapping',
    set,
    ['leaderworkerset.x-k8s.io/LeaderWorkerSet=spec.leaderWorkerTemplate[*]'],
    ['.leaderTemplate', '.workerTemplate'],
  ],
  [
    'every value of a mapping that has one',
    job,
    ['example.org/Job=spec.replicas.*.template'],
    ['spec.replicas.Master.template', 'spec.replicas.Worker.template'],
  ],
  [
    'every item of a list that has one',
    job,
    ['example.org/Job=spec.groups[*].template'],
    ['spec.groups[0].template', 'spec.groups[2].template'],
  ],
  ['an item of a list', job, ['example.org/Job=spec.groups[2].template'], []],
  [
    'several paths to one template',
    job,
    ['example.org/Job=spec.groups[2].template', 'example.org/Job=spec.groups[*].template'],
    ['spec.groups[2].template', 'spec.groups[0].template'],
  ],
])('%s', (_, text, paths, reported) => {
  const options = optionsFor(...paths);
  const injected = injectManifest(text, options);

  test('is injected, and said', () => {
    expect(injected.text.match(/packet-capture\/status/g)).toHaveLength(Math.max(1, reported.length));
    expect(injected.reports.map(({ result }) => result)).toEqual(injected.reports.map(() => 'injected'));
    expect(injected.reports.flatMap(({ path = [] }) => path)).toEqual(
      reported.map((end) => expect.stringMatching(`${end.replaceAll(/[[\]]/g, String.raw`\$&`)}$`) as unknown),
    );
  });

  test('is left alone the second time, and taken out again to the byte', () => {
    expect(injectManifest(injected.text, options)).toMatchObject({ text: injected.text, insertions: [] });
    expect(uninjectManifest(injected.text, options).text).toBe(text);
  });

  test('has a patch for each template', () => {
    const { patches } = patchManifest(text, options);
    expect(patches).toHaveLength(injected.reports.length);
    for (const { operations, workload } of patches)
      for (const { path } of operations) expect(path.startsWith(`/${workload.path.join('/')}/`)).toBe(true);
  });
});

describe('a path that finds nothing in an object of its kind is an error', () => {
  test.each([
    ['Job=spec.template', 'line 1, column 1'],
    ['Job=spec.groups[7].template', 'line 1, column 1'],
    ['Job=spec.groups[1].template', 'line 1, column 1'],
    ['Job=spec.replicas[*].podTemplate', 'line 1, column 1'],
  ])('%s', (path, where) => {
    for (const run of [injectManifest, patchManifest, uninjectManifest]) {
      expect(() => run(job, optionsFor('example.org/Job=spec.groups[0].template', `example.org/${path}`))).toThrow(
        expect.objectContaining({
          code: 'MANIFEST_INVALID',
          where: `f: document 1, ${where}`,
          message: expect.stringContaining(`example.org/${path} finds nothing`) as unknown,
        }),
      );
    }
  });

  test('though not in one that is not meant', () => {
    const options = {
      ...optionsFor('example.org/Job=spec.template'),
      selects: ({ name }: { name: string }) => name === 'other',
    };
    expect(injectManifest(job, options)).toMatchObject({
      text: job,
      reports: [],
      others: [{ kind: 'Job', name: 'train' }],
    });
  });

  test('and so is one through something of another type', () => {
    expect(() => injectManifest(job, optionsFor('example.org/Job=spec.groups.template'))).toThrow(
      'groups must be a mapping',
    );
    expect(() => injectManifest(job, optionsFor('example.org/Job=spec[0].template'))).toThrow('spec must be a list');
    expect(() => injectManifest(job, optionsFor('example.org/Job=kind[*].template'))).toThrow('kind must be a list');
  });
});
