import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { arrowProblems, commentProblems, docstringProblems } from '../../../../scripts/lint/problems.ts';

const root = join(import.meta.dirname, '../../../../src');

test('the folders of src import what the table allows', () => {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(300);
  expect(arrowProblems(files.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') })))).toEqual([]);
});

const problemsOf = (path: string, ...lines: readonly string[]): string[] =>
  arrowProblems([{ path, text: `${lines.join('\n')}\n` }]);

test('a folder that is not in the table is refused, whatever it imports', () => {
  expect(problemsOf('newcomer/a.ts')).toEqual(['newcomer/a.ts: the folder newcomer is not in scripts/lint/arrows.ts']);
  expect(problemsOf('inject/newcomer/a.ts')).toHaveLength(1);
});

test.each([
  ["import { makeKubectl } from '../kubernetes/kubectl.ts';"],
  ["import type { Kubectl } from '../kubernetes/kubectl.ts';"],
  ["import {\n  makeKubectl,\n  type Kubectl,\n} from '../kubernetes/kubectl.ts';"],
  ["export { makeKubectl } from '../kubernetes/kubectl.ts';"],
  ["export * from '../kubernetes/kubectl.ts';"],
  ["import '../kubernetes/kubectl.ts';"],
  ["  const { makeKubectl } = await import('../kubernetes/kubectl.ts');"],
])('an arrow that the table lacks is refused: %s', (line) => {
  expect(problemsOf('inject/a.ts', line)).toEqual([
    'inject/a.ts: inject may not import kubernetes (../kubernetes/kubectl.ts)',
  ]);
});

test('what the table allows, the own folder and the files of src itself are allowed', () => {
  expect(
    problemsOf(
      'inject/a.ts',
      "import type { PodSpec } from '../kubernetes/api/types.ts';",
      "import { codedError } from '../errors.ts';",
      "import { b } from './b.ts';",
    ),
  ).toEqual([]);
});

test('modules are allowed folder by folder; types come from anywhere', () => {
  expect(problemsOf('inject/a.ts', "import { readFile } from 'node:fs/promises';")).toEqual([
    'inject/a.ts: inject may not import node:fs/promises',
  ]);
  expect(problemsOf('inject/a.ts', "import type { Readable } from 'node:stream';")).toEqual([]);
  expect(problemsOf('kubernetes/kubectl.ts', "import { spawn } from 'node:child_process';")).toEqual([
    'kubernetes/kubectl.ts: only kubernetes/child.ts may import node:child_process',
  ]);
  expect(problemsOf('kubernetes/child.ts', "import { spawn } from 'node:child_process';")).toEqual([]);
});

test('the files of src itself import no folder', () => {
  expect(problemsOf('errors.ts', "import { settings } from './settings/index.ts';")).toHaveLength(1);
});

describe('a comment of more than 120 columns', () => {
  const long = `${'word '.repeat(24)}word`;
  const linesOf = (text: string): string[] => commentProblems([{ path: 'a.ts', text }]);

  test.each([[`/** ${long} */`], [`  // ${long}`], [`/**\n * ${long}\n */`]])('is refused: %s', (text) => {
    expect(linesOf(text)).toHaveLength(1);
  });

  test.each([
    [`/** ${long.slice(0, 100)} */`],
    [`const text = '${long}';`],
    [` * @see https://example.com/${'a'.repeat(120)}`],
  ])('is not: %s', (text) => {
    expect(linesOf(text)).toEqual([]);
  });
});

describe('an exported function or interface without a docstring', () => {
  const linesOf = (text: string): string[] => docstringProblems([{ path: 'inject/a.ts', text }]);

  test.each([
    ['export function plan(): void {}', 'function plan'],
    ['export async function* read(): AsyncGenerator<string> {}', 'function* read'],
    ['/** About b. */\nconst b = 1;\nexport interface Options {}', 'interface Options'],
    ['/** Too far. */\n\nexport interface Options {}', 'interface Options'],
  ])('is refused: %s', (text, what) => {
    expect(linesOf(text)).toEqual([`inject/a.ts:${text.split('\n').length}: ${what} has no docstring`]);
  });

  test.each([
    ['/** Plans. */\nexport function plan(): void {}'],
    ['/**\n * Options.\n */\nexport interface Options {}'],
    ['function helper(): void {}'],
    ["export { plan } from './plan.ts';"],
  ])('is not: %s', (text) => {
    expect(linesOf(text)).toEqual([]);
  });
});
