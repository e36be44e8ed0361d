import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { derivedFiles } from './docs/derived.ts';

/** Writes every table that is derived from the code into its document; a unit test compares them. */
const root = join(import.meta.dirname, '..');
for (const [file, text] of await derivedFiles(root)) await writeFile(join(root, file), text);
