import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { injectManifest, uninjectManifest } from '../../../../src/ways/manifest/index.ts';
import { generatedManifest } from '../../../support/manifest/arbitraries.ts';
import { articleSidecar, beyondYaml, fixtureCases, customSidecar } from '../../../support/manifest/cases.ts';
import { readYaml } from '../../../support/manifest/oracle.ts';
import { runs } from '../../../support/manifest/runs.ts';

const { numRuns, timeout } = runs(12);

const options = { config: defaultSidecarConfig, settings: { filter: 'udp' }, file: 'app.yaml' };
const inject = (text: string): string => injectManifest(text, options).text;
const uninject = (text: string): string => uninjectManifest(text, options).text;

const pod = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: a\n    image: a:1\n';

describe('a manifest that was edited since loses just what was added', () => {
  test('when the workload changed', () => {
    const edit = (text: string): string =>
      text
        .replace('image: a:1', 'image: a:2 # newer')
        .replace('kind: Pod', 'kind: "Pod"')
        .replace('spec:\n', 'spec: # of it\n');
    expect(uninject(edit(inject(pod)))).toBe(edit(pod));
  });

  test('when containers and documents came and went', () => {
    const edit = (text: string): string =>
      `# new\n${text}  - name: b\n    image: b\n  - name: c\n    image: c\n---\n${pod}`;
    expect(uninject(edit(inject(pod)))).toBe(edit(pod));
  });

  test('when something was put into the lists and mappings that were added', () => {
    const edited = inject(pod)
      .replace('  annotations:\n', '  annotations:\n    mine: "1"\n')
      .replace('  volumes:\n', '  volumes:\n  - name: mine\n    emptyDir: {}\n')
      .replace('  containers:\n', '  - name: last\n    emptyDir: {}\n  containers:\n');
    expect(uninject(edited)).toBe(
      pod
        .replace('  name: a\n', '  annotations:\n    mine: "1"\n  name: a\n')
        .replace('spec:\n', 'spec:\n  volumes:\n  - name: mine\n    emptyDir: {}\n  - name: last\n    emptyDir: {}\n'),
    );
  });

  test('when a comment was put behind a key that was added: the comment stays, and its key with it', () => {
    expect(uninject(inject(pod).replace('  volumes:\n', '  volumes: # for a while\n'))).toBe(
      pod.replace('spec:\n', 'spec:\n  volumes: # for a while\n'),
    );
  });

  test('when the final line break went', () => {
    const text = `${pod}  volumes:\n  - name: v\n    emptyDir: {}\n`;
    expect(uninject(inject(text).slice(0, -1))).toBe(text.slice(0, -1));
  });

  test('when a tool wrote everything anew', () => {
    for (const { input, options: given } of fixtureCases.filter(
      ({ name, options: { settings } }) => !('filter' in settings) && !beyondYaml.includes(name),
    )) {
      if (readYaml(input).length !== 1) continue;
      const rewritten = stringify(parse(injectManifest(input, given).text, { version: '1.1' }), {
        version: '1.1',
        aliasDuplicateObjects: false,
      });
      const [before] = readYaml(input);
      expect(withoutEmpty(parse(uninjectManifest(rewritten, given).text, { version: '1.1' }))).toEqual(
        withoutEmpty(before),
      );
    }
  });

  test(
    'wherever the edit is',
    () => {
      fc.assert(
        fc.property(generatedManifest, fc.constantFrom(defaultSidecarConfig, customSidecar), ({ text }, config) => {
          const edit = (given: string): string =>
            `# edited\n${given
              .replace(/^\uFEFF/, '')
              .replaceAll('nginx', 'nginx:2')
              .replaceAll('busybox', 'b')}`;
          expect(
            uninjectManifest(edit(injectManifest(text, { ...options, config }).text), { ...options, config }).text,
          ).toBe(edit(text));
        }),
        { numRuns },
      );
    },
    timeout,
  );
});

test('a status without the sidecar goes, be it readable or not', () => {
  for (const status of ['{}', 'x', '[]', '1', '', '{"version":"1","containers":["a"],"volumes":[]}']) {
    const text = pod.replace('  name: a\n', `  name: a\n  annotations:\n    packet-capture/status: '${status}'\n`);
    expect(uninjectManifest(text, options)).toMatchObject({ text: pod, reports: [{ result: 'removed' }] });
  }
});

describe('what is not ours stays', () => {
  test('names like ours without a status', () => {
    const text = `${pod}  volumes:\n  - name: packet-capture-files\n    emptyDir: {}\n  initContainers:\n  - name: packet-capture\n    image: x\n`;
    expect(uninjectManifest(text, options)).toMatchObject({
      text,
      reports: [{ result: 'skipped', reason: 'not_injected' }],
    });
  });

  test('what the status does not name', () => {
    const text = inject(pod).replace(',\\"packet-capture-upload\\"', '').replace(',"packet-capture-upload"', '');
    expect(uninject(text)).toBe(
      pod.replace(
        'spec:\n',
        'spec:\n  volumes:\n  - name: packet-capture-upload\n    projected:\n      sources:\n      - secret:\n          name: packet-capture-upload\n          optional: true\n',
      ),
    );
  });

  test('a setting that was there before', () => {
    const text = pod.replace('  name: a\n', '  name: a\n  annotations:\n    packet-capture/filter: udp\n');
    expect(uninject(inject(text))).toBe(text);
  });

  test('a pod that has no container but the custom sidecar', () => {
    const config = articleSidecar('monitor');
    const text =
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: monitor\n    image: docker.io/s1240zsw/centos-packet-agent:v1\n    stdin: true\n    tty: true\n';
    expect(uninjectManifest(text, { config, file: 'f' })).toMatchObject({
      text,
      reports: [{ reason: 'not_injected' }],
    });
  });

  test('other documents, whether they were skipped or are no workloads', () => {
    const text = `${pod}---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {hostNetwork: true, containers: [{name: a, image: a}]}\n---\nkind: Other\n--- x\n`;
    const injected = injectManifest(text, options);
    expect(injected.reports.map(({ document, line, name, result }) => ({ document, line, name, result }))).toEqual([
      { document: 1, line: 1, name: 'a', result: 'injected' },
      { document: 2, line: lineOf(text, 'metadata: {name: b}') - 2, name: 'b', result: 'skipped' },
    ]);
    const removed = uninjectManifest(injected.text, options);
    expect(removed.text).toBe(text);
    expect(removed.reports.map(({ result, reason }) => reason ?? result)).toEqual(['removed', 'not_injected']);
  });
});

function lineOf(text: string, part: string): number {
  return text.slice(0, text.indexOf(part)).split('\n').length;
}

/** Kubernetes takes an absent field, null and an empty list or mapping alike. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, withoutEmpty(item)]);
  return Object.fromEntries(
    entries.filter(([, item]) => item !== null && !(typeof item === 'object' && Object.keys(item).length === 0)),
  );
}
