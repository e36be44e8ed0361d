import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { derivedFiles } from '../../../../scripts/docs/derived.ts';
import { findingKinds as certificateFindings } from '../../../../src/certificates/certificateFindings.ts';
import { findingKinds, reasons, states } from '../../../../src/diagnosis/index.ts';
import { errorTable } from '../../../../src/errors.ts';
import { findingKinds as preflightFindings } from '../../../../src/release/plan/preflightFindings.ts';
import { attachReasons } from '../../../../src/ways/attach/index.ts';
import { manifestSkipReasons } from '../../../../src/ways/manifest/index.ts';
import { injectedTexts, skippedTexts } from '../../../../src/ways/webhook/reviewReasons.ts';

const root = join(import.meta.dirname, '../../../..');

test('every derived table is as `npm run docs` writes it', async () => {
  const files = await derivedFiles(root);
  expect([...files.keys()]).toEqual(expect.arrayContaining(['docs/errors.md', 'agent/internal/settings/table.go']));
  for (const [file, text] of files) {
    expect(await readFile(join(root, file), 'utf8'), `${file} is not current: run npm run docs`).toBe(text);
  }
});

/** The codes that have a row in a table of the code. */
const codes = [
  errorTable,
  manifestSkipReasons,
  attachReasons,
  injectedTexts,
  skippedTexts,
  findingKinds,
  reasons,
  states,
  certificateFindings,
  preflightFindings,
].flatMap((table) => Object.keys(table));

test('no document explains a code in a table that is written by hand', async () => {
  expect(rowsByHand('| `FORBIDDEN` | by hand |')).toEqual(['FORBIDDEN']);
  const documents = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md'));
  expect(documents.length).toBeGreaterThan(20);
  for (const name of documents)
    expect(rowsByHand(await readFile(join(root, 'docs', name), 'utf8')), `docs/${name}`).toEqual([]);
});

/** The codes at the beginning of a row of a table outside of the marks of derived tables. */
function rowsByHand(document: string): string[] {
  const byHand = document.replaceAll(/<!-- ([\w -]+) -->\n.*?<!-- \/\1 -->/gs, '');
  return [...byHand.matchAll(/^\| (`[^|]+`) \|/gm)]
    .flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code))
    .filter((code) => codes.includes(code));
}
