import { readFile, writeFile } from 'node:fs/promises';
import { settingsMarkdown } from '../src/settings/index.ts';

/** Writes what is derived into docs/settings.md; a unit test proves it current. */
const file = new URL('../docs/settings.md', import.meta.url);
const text = await readFile(file, 'utf8');
await writeFile(file, text.replace(/(<!-- settings -->\n)[\s\S]*(\n<!-- \/settings -->)/, (_, start: string, end: string) => start + settingsMarkdown() + end));
