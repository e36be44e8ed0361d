import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findingKinds as certificateFindings } from '../../src/certificates/certificateFindings.ts';
import { findingsMarkdown, reasonsMarkdown } from '../../src/diagnosis/report/markdown.ts';
import { errorTable } from '../../src/errors.ts';
import { findingsTable } from '../../src/findings.ts';
import { truthTableMarkdown } from '../../src/inject/index.ts';
import { findingsMarkdown as preflightMarkdown } from '../../src/release/plan/preflightFindings.ts';
import { goTable, settingsMarkdown } from '../../src/settings/index.ts';
import { onlyAttachReasons } from '../../src/ways/attach/index.ts';
import { manifestSkipReasons } from '../../src/ways/manifest/index.ts';
import { decisionsMarkdown, type Decision } from './decisions.ts';
import { replaceMarked } from './marks.ts';

/** Folder of the decisions, from the project's root. */
const decisionsFolder = 'docs/decisions';

/** A part of a document that is derived: it is between the marks `<!-- mark -->` and `<!-- /mark -->`. */
interface DerivedPart {
  readonly file: string;
  readonly mark: string;
  readonly text: string;
}

/**
 * The files that `npm run docs` writes, with the content that they must have now.
 * @param root folder of the project
 * @returns content by path from the root
 * @throws Error when a document has lost its marks, or a decision its date or status
 */
export async function derivedFiles(root: string): Promise<Map<string, string>> {
  const read = async (file: string): Promise<string> => readFile(join(root, file), 'utf8');
  const parts: readonly DerivedPart[] = [
    { file: 'docs/settings.md', mark: 'settings', text: settingsMarkdown() },
    { file: 'docs/diagnosis.md', mark: 'findings', text: findingsMarkdown() },
    { file: 'docs/diagnosis.md', mark: 'reasons', text: reasonsMarkdown() },
    { file: 'docs/install.md', mark: 'findings', text: preflightMarkdown() },
    { file: 'docs/certificates.md', mark: 'findings', text: findingsTable(certificateFindings) },
    { file: 'docs/errors.md', mark: 'errors', text: errorsMarkdown() },
    { file: 'docs/errors.md', mark: 'skips', text: skipsMarkdown() },
    { file: 'docs/errors.md', mark: 'attach skips', text: skipsMarkdown(onlyAttachReasons) },
    { file: 'docs/manifests.md', mark: 'truth table', text: truthTableMarkdown() },
    { file: `${decisionsFolder}/README.md`, mark: 'decisions', text: decisionsMarkdown(await readDecisions(root)) },
  ];
  // The agent's own table of settings is Go source, and derived as a whole.
  const files = new Map([['agent/internal/settings/table.go', goTable()]]);
  for (const { file, mark, text } of parts)
    files.set(file, replaceMarked(files.get(file) ?? (await read(file)), mark, text));
  return files;
}

/** Every error code as a Markdown table. */
function errorsMarkdown(): string {
  const rows = Object.entries(errorTable).map(
    ([code, { exit, hint }]) => `| \`${code}\` | ${exit} | ${hint.replaceAll('|', String.raw`\|`)} |`,
  );
  return [
    '| code | exit code | what to do, when the message names nothing better |',
    '| --- | --- | --- |',
    ...rows,
  ].join('\n');
}

/** Every reason why a workload is left alone, as a Markdown table. */
function skipsMarkdown(reasons: Readonly<Record<string, string>> = manifestSkipReasons): string {
  const rows = Object.entries(reasons).map(([code, sentence]) => `| \`${code}\` | ${sentence} |`);
  return ['| code | the pod or workload is skipped, because |', '| --- | --- |', ...rows].join('\n');
}

async function readDecisions(root: string): Promise<Decision[]> {
  const names = (await readdir(join(root, decisionsFolder))).filter((name) => /^\d{4}-/.test(name)).toSorted();
  return Promise.all(
    names.map(async (file) => ({ file, text: await readFile(join(root, decisionsFolder, file), 'utf8') })),
  );
}
