import { applyPatch as applyUnified } from 'diff';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { PatchOperation } from '../../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig, volumeNames } from '../../../../src/sidecar/index.ts';
import {
  createJsonList,
  createKustomizePatches,
  fileStart,
  functionOptions,
  injectManifest,
  patchManifest,
  readFunctionConfig,
  unifiedDiff,
} from '../../../../src/ways/manifest/index.ts';
import { generatedManifest } from '../../../support/manifest/arbitraries.ts';
import { beyondYaml, fixtureCases, customSidecar } from '../../../support/manifest/cases.ts';
import { applyPatch, readYaml } from '../../../support/manifest/oracle.ts';
import { runs } from '../../../support/manifest/runs.ts';

const { numRuns, timeout } = runs(25);
const options = { config: defaultSidecarConfig, settings: {}, file: 'f' };
/** Of these, some documents are no objects or have a key twice. */
const noObjects: readonly string[] = ['foreign.yaml', 'scalars.yaml'];
const readable = fixtureCases.filter(({ name }) => ![...beyondYaml, ...noObjects].includes(name));

describe('the difference', { timeout }, () => {
  /** The `diff` package finds out whether it applies, and to what. */
  function changed(
    text: string,
    config: typeof options.config | typeof customSidecar,
  ): { by: string | false; to: string; gone: number; most: number } {
    const injected = injectManifest(text, { ...options, config });
    const difference = unifiedDiff('app.yaml', text, injected.insertions);
    const gone = difference.split('\n').filter((line) => line.startsWith('-') && !line.startsWith('---')).length;
    return {
      by: difference === '' ? text : applyUnified(text, difference),
      to: injected.text,
      gone,
      most: injected.insertions.length,
    };
  }

  test('of any manifest makes the injected one of it', () => {
    fc.assert(
      fc.property(generatedManifest, fc.constantFrom(options.config, customSidecar), ({ text }, config) => {
        const { by, to, gone, most } = changed(text, config);
        expect(by).toBe(to);
        // Nothing but what had to make room.
        expect(gone).toBeLessThanOrEqual(most);
      }),
      { numRuns },
    );
  });

  test.each(fixtureCases)('of $name', ({ input }) => {
    for (const text of [input, input.trimEnd()]) {
      const { by, to } = changed(text, options.config);
      expect(by).toBe(to);
    }
  });

  test('is that of diff -u', () => {
    const text = 'a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\n';
    expect(
      unifiedDiff('x', text, [
        { offset: 2, text: 'B\n' },
        { offset: 20, text: 'K' },
      ]),
    ).toBe('--- x\n+++ x\n@@ -1,4 +1,5 @@\n a\n+B\n b\n c\n d\n@@ -8,4 +9,4 @@\n h\n i\n j\n-k\n+Kk\n');
    expect(unifiedDiff('x', 'a', [{ offset: 1, text: '\nb' }])).toBe(
      '--- x\n+++ x\n@@ -1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n\\ No newline at end of file\n',
    );
  });
});

describe('as JSON', () => {
  const asJson = (...texts: readonly string[]): unknown => {
    const list = createJsonList();
    return JSON.parse(texts.map((text) => list.add({ text, file: 'f', origin: fileStart })).join('') + list.end());
  };

  test.each(readable)('$name says the same', ({ input }) => {
    const objects = readYaml(input).filter((object) => object !== null) as { kind?: string; items?: unknown[] }[];
    const items = objects.flatMap((object) => (object.kind === 'List' ? (object.items ?? []) : [object]));
    const expected = items.length === 1 ? items[0] : { apiVersion: 'v1', kind: 'List', items };
    expect(asJson(input)).toEqual(JSON.parse(JSON.stringify(expected)));
  });

  test('several texts are one list, none is an empty one', () => {
    expect(asJson('a: 1\n', '---\n', 'b: 2\n---\nkind: List\nitems: [{c: 3}]\n')).toEqual({
      apiVersion: 'v1',
      kind: 'List',
      items: [{ a: 1 }, { b: 2 }, { c: 3 }],
    });
    expect(asJson('')).toEqual({ apiVersion: 'v1', kind: 'List', items: [] });
  });

  test('what is no object is refused', () => {
    expect(() => asJson('- a\n')).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
  });
});

interface Component {
  readonly kind: string;
  readonly patches: readonly { readonly target: Record<string, string>; readonly patch: string }[];
}

describe('as patches', () => {
  const componentOf = (text: string, config = options.config): Component => {
    const patches = createKustomizePatches();
    return parse(patches.add(patchManifest(text, { ...options, config }).patches) + patches.end()) as Component;
  };
  const deployment =
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web.v1, namespace: shop}\nspec:\n  template:\n    metadata: {annotations: {on: "yes"}}\n    spec:\n      containers: [{name: a, image: a}]\n      volumes: [{name: v}]\n';

  test('a workload has one, aimed at it, that makes the injected one of it', () => {
    const { kind, patches } = componentOf(deployment);
    expect([kind, patches.map(({ target }) => target)]).toEqual([
      'Component',
      [{ group: 'apps', version: 'v1', kind: 'Deployment', name: String.raw`web\.v1`, namespace: 'shop' }],
    ]);
    const operations = parse(patches[0]?.patch ?? '', { version: '1.1' }) as PatchOperation[];
    const [object] = readYaml(deployment);
    applyPatch(
      object,
      operations.filter(({ op }) => op === 'add'),
    );
    expect([object]).toEqual(readYaml(injectManifest(deployment, options).text));
  });

  test('what is added whole is tested to be absent', () => {
    const { patches } = componentOf(deployment);
    const operations = parse(patches[0]?.patch ?? '') as PatchOperation[];
    expect(operations.map(({ op, path }) => `${op} ${path}`)).toEqual([
      'add /spec/template/metadata/annotations/packet-capture~1status',
      'test /spec/template/metadata/annotations/cluster-autoscaler.kubernetes.io~1safe-to-evict-local-volumes',
      'add /spec/template/metadata/annotations/cluster-autoscaler.kubernetes.io~1safe-to-evict-local-volumes',
      ...Object.keys(volumeNames).map(() => 'add /spec/template/spec/volumes/-'),
      'test /spec/template/spec/initContainers',
      'add /spec/template/spec/initContainers',
    ]);
    expect(operations.find(({ op }) => op === 'test')).toMatchObject({ value: null });
  });

  test('what our volumes come in front of is tested to be as it was', () => {
    const { patches } = componentOf(
      deployment.replace('on: "yes"', 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes: cache'),
    );
    const operations = parse(patches[0]?.patch ?? '') as PatchOperation[];
    const path = '/spec/template/metadata/annotations/cluster-autoscaler.kubernetes.io~1safe-to-evict-local-volumes';
    expect(operations.filter((operation) => operation.path === path)).toEqual([
      { op: 'test', path, value: 'cache' },
      { op: 'replace', path, value: 'packet-capture-files,packet-capture-no-token,cache' },
    ]);
  });

  test('no workload, no patch', () => {
    expect(componentOf('kind: Service\napiVersion: v1\n').patches).toEqual([]);
  });

  test('a workload whose name is made up later cannot be aimed at', () => {
    const text = 'apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\nspec: {containers: [{name: a, image: a}]}\n';
    expect(() => componentOf(text)).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID', where: 'f: document 1, line 1, column 1' }),
    );
  });
});

describe('a function config', () => {
  const list = (config: string): string =>
    `apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig: ${config}\nitems: []\n`;
  test.each([
    [list('{kind: ConfigMap, apiVersion: v1, data: {filter: udp}}'), { filter: 'udp' }],
    [list('{kind: PacketCapture, spec: {filter: udp, kind: [deploy]}}'), { filter: 'udp', kind: ['deploy'] }],
    [list('{kind: PacketCapture}'), {}],
    [list('null'), {}],
    ['kind: ResourceList\napiVersion: example.com/v1\n', undefined],
    ['kind: ConfigMap\ndata: {a: ResourceList}\n', undefined],
  ])('is read: %j', (text, expected) => {
    expect(readFunctionConfig(text, 'f')).toEqual(expected);
  });

  test('is refused when its data is no mapping', () => {
    for (const config of ['text', { kind: 'ConfigMap', data: [] }, { spec: 5 }]) {
      expect(() => functionOptions(config, 'f')).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
    }
  });
});
