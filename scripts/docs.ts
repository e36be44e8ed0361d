import { readFile, writeFile } from 'node:fs/promises';
import { findingKinds as certificateFindings } from '../src/certificates/certificateFindings.ts';
import { findingsMarkdown, reasonsMarkdown } from '../src/diagnosis/report/markdown.ts';
import { findingsTable } from '../src/findings.ts';
import { findingsMarkdown as preflightMarkdown } from '../src/release/plan/preflightFindings.ts';
import { goTable, settingsMarkdown } from '../src/settings/index.ts';

/** Writes what is derived into the docs, between the marks of its name; unit tests prove it current. */
const tables: readonly (readonly [doc: string, mark: string, table: () => string])[] = [
  ['settings', 'settings', settingsMarkdown],
  ['diagnosis', 'findings', findingsMarkdown],
  ['diagnosis', 'reasons', reasonsMarkdown],
  ['install', 'findings', preflightMarkdown],
  ['certificates', 'findings', () => findingsTable(certificateFindings)],
];

for (const [doc, mark, table] of tables) {
  const file = new URL(`../docs/${doc}.md`, import.meta.url);
  const text = await readFile(file, 'utf8');
  const between = new RegExp(`(<!-- ${mark} -->\\n)[\\s\\S]*(\\n<!-- /${mark} -->)`);
  await writeFile(file, text.replace(between, (_, start: string, end: string) => start + table() + end));
}

// The Go program's table of settings is derived as well.
await writeFile(new URL('../agent/internal/settings/table.go', import.meta.url), goTable());
