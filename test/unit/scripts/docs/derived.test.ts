import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { derivedFiles } from '../../../../scripts/docs/derived.ts';

const root = join(import.meta.dirname, '../../../..');

test('every derived table is as `npm run docs` writes it', async () => {
  const files = await derivedFiles(root);
  expect(files.size).toBeGreaterThan(5);
  for (const [file, text] of files) {
    expect(await readFile(join(root, file), 'utf8'), `${file} is not current: run npm run docs`).toBe(text);
  }
});
