import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { createBatches } from '../../../../src/ways/manifest/batches.ts';
import {
  fileStart,
  injectManifest,
  uninjectManifest,
  type ManifestReport,
} from '../../../../src/ways/manifest/index.ts';
import { generatedManifest } from '../../../support/manifest/arbitraries.ts';
import { fixtureCases } from '../../../support/manifest/cases.ts';
import { runs } from '../../../support/manifest/runs.ts';

const { numRuns, timeout } = runs(25);
const options = { config: defaultSidecarConfig, settings: {}, file: 'f', podSecurityByNamespace: new Map() };

/** The runs that a text comes in when it arrives in pieces of a length. */
function batchesOf(text: string, piece: number, size: number): string[] {
  const batches = createBatches(size);
  const found: string[] = [];
  for (let at = 0; at < text.length; at += piece) {
    const batch = batches.add(text.slice(at, at + piece));
    if (batch !== undefined) found.push(batch);
  }
  return [...found, batches.rest()];
}

type Edit = (
  text: string,
  origin: typeof fileStart,
) => { text: string; reports: readonly ManifestReport[]; behind: typeof fileStart };

function inRuns(
  batches: readonly string[],
  edit: Edit,
): { text: string; reports: readonly ManifestReport[]; behind: typeof fileStart } {
  let result = { text: '', reports: [] as readonly ManifestReport[], behind: fileStart };
  for (const batch of batches) {
    const { text, reports, behind } = edit(batch, result.behind);
    result = { text: result.text + text, reports: [...result.reports, ...reports], behind };
  }
  return result;
}

const inject: Edit = (text, origin) => injectManifest(text, { ...options, origin });
const uninject: Edit = (text, origin) => uninjectManifest(text, { ...options, origin });

/**
 * Runs and the whole come to the same text, documents and lines.
 * @returns the number of runs
 */
function runsAlike(text: string, piece: number): number {
  const batches = batchesOf(text, piece, 1);
  expect(batches.join('')).toBe(text);
  const whole = injectManifest(text, options);
  expect(inRuns(batches, inject)).toEqual({ text: whole.text, reports: whole.reports, behind: whole.behind });
  const back = uninjectManifest(whole.text, options);
  expect(inRuns(batchesOf(whole.text, piece, 1), uninject)).toEqual({
    text,
    reports: back.reports,
    behind: back.behind,
  });
  return batches.length;
}

test('a text in runs of documents becomes what the whole becomes', { timeout }, () => {
  let most = 0;
  fc.assert(
    fc.property(
      fc.array(generatedManifest, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 400 }),
      (manifests, piece) => {
        const text = manifests.map((manifest) => `${manifest.text.replace('\uFEFF', '').trimEnd()}\n`).join('---\n');
        most = Math.max(most, runsAlike(text, piece));
      },
    ),
    { numRuns },
  );
  expect(most).toBeGreaterThan(2);
});

test.each(fixtureCases)('$name in runs of documents', ({ input }) => {
  expect(runsAlike(input, 100)).toBeGreaterThan(0);
});

const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a}]}\n';

test.each([
  ['directives between documents', `${pod}---\n${pod}...\n%YAML 1.1\n---\n${pod}---\n${pod}`],
  [
    'a handle that a directive declares',
    `${pod}---\n${pod}...\n%TAG !e! tag:example.com,2000:\n---\nnote: !e!x y\n${pod}---\n${pod}`,
  ],
  ['comments before the first marker', `# a\n# b\n---\n${pod}---\n${pod}---\n${pod}`],
  ['a marker with a comment', `--- # one\n${pod}---\t# two\n${pod}--- # three\n${pod}`],
  ['what looks like a marker', `${pod}---\ndata: |\n  ---\n  ...\n---x: y\n---\n${pod}---\n${pod}`],
  ['line breaks of Windows', `${pod}---\n${pod}---\n${pod}`.replaceAll('\n', '\r\n')],
  ['a byte order mark', `\uFEFF---\n${pod}---\n${pod}---\n${pod}`],
  ['empty documents', `---\n---\n${pod}---\n---\n# nothing\n---\n${pod}---\n`],
])('%s', (_, text) => {
  for (const piece of [1, 7, 64]) expect(runsAlike(text, piece)).toBeGreaterThan(0);
});

test('a run holds whole documents, and no more of them than are wanted', () => {
  const text = `${pod}---\n`.repeat(50);
  const batches = batchesOf(text, 10, 200);
  expect(batches.length).toBeGreaterThan(15);
  for (const batch of batches.slice(1, -1)) expect(batch).toMatch(/^---\n/);
  expect(Math.max(...batches.map(({ length }) => length))).toBeLessThan(500);
});
