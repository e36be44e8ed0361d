/**
 * Injects every manifest below some folders, and judges the result by the `yaml` package alone: for real manifests, in
 * checkouts of public repositories. Not run by `npm test`.
 *
 *     node test/support/manifest/manifestFolders.ts FOLDER...
 */
import { isUtf8 } from 'node:buffer';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { isCodedError, type CodedError } from '../../../src/errors.ts';
import { defaultSidecarConfig } from '../../../src/sidecar/index.ts';
import { injectManifest, uninjectManifest, type ManifestReport } from '../../../src/ways/manifest/index.ts';
import { withoutAdditions, workloadsIn } from './manifestOracle.ts';

const tally = { files: 0, withWorkloads: 0, workloads: 0, injected: 0 };
const skipped = new Map<string, number>();
const refused = new Map<string, string[]>();
const wrong: string[] = [];

for (const folder of process.argv.slice(2)) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const names = entries
    .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  for (const file of names.toSorted()) {
    const bytes = await readFile(file);
    tally.files += 1;
    if (isUtf8(bytes)) judge(file, bytes.toString('utf8'));
    else note(refused, 'is no UTF-8', file);
  }
}

console.log(
  `${tally.files} files; ${tally.withWorkloads} with workloads, ${tally.workloads} of these: ${tally.injected} injected, ${tally.workloads - tally.injected} skipped`,
);
for (const [reason, times] of skipped) console.log(`  skipped ${times}: ${reason}`);
for (const [reason, files] of refused)
  console.log(`refused ${files.length}: ${reason}\n  ${files.slice(0, 4).join('\n  ')}`);
console.log(`${wrong.length} wrong\n${wrong.join('\n')}`);
process.exitCode = wrong.length === 0 ? 0 : 1;

function judge(file: string, text: string): void {
  const options = { config: defaultSidecarConfig, settings: {}, file };
  try {
    const injected = injectManifest(text, options);
    count(injected.reports);
    const again = [uninjectManifest(injected.text, options).text, injectManifest(injected.text, options).text];
    const problems = [
      problemOf(text, injected.text, injected.reports.length),
      again[0] === text ? undefined : 'uninject gives other bytes',
      again[1] === injected.text ? undefined : 'is injected twice',
    ];
    wrong.push(...problems.filter((problem) => problem !== undefined).map((problem) => `${file}: ${problem}`));
  } catch (error) {
    if (isCodedError(error)) note(refused, refusalOf(error, text), `${file} ${error.where ?? ''}`);
    else wrong.push(`${file}: ${String(error)}`);
  }
}

function count(reports: readonly ManifestReport[]): void {
  tally.workloads += reports.length;
  if (reports.length > 0) tally.withWorkloads += 1;
  for (const { reason } of reports) {
    if (reason === undefined) tally.injected += 1;
    else skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
  }
}

function refusalOf({ code, message }: CodedError, text: string): string {
  if (text.includes('{{')) return `${code}: a template`;
  const what = (message.split('\n')[0] ?? '').replaceAll(/\d+|"[^"]*"/g, '…');
  return `${code}: ${what}${read(text) === undefined ? ', nor is it YAML to the yaml package' : ''}`;
}

/** What is wrong with the result, as the `yaml` package reads it. */
function problemOf(text: string, injected: string, reported: number): string | undefined {
  if (!isSubsequence(text, injected)) return 'bytes of the original are gone';
  const [before, after] = [read(text), read(injected)];
  if (before === undefined || after === undefined) return undefined;
  const expected = before.flatMap(workloadsIn);
  if (expected.length !== reported) return `${expected.length} workloads, of which ${reported} were seen`;
  const kept = after.map(withoutAdditions);
  return isDeepStrictEqual(
    kept,
    before.map((value) => withoutAdditions(structuredClone(value))),
  )
    ? undefined
    : 'means something else without the sidecar';
}

/** Undefined when it is no YAML, or what cannot be read that way. */
function read(text: string): unknown[] | undefined {
  const documents = parseAllDocuments(text, { version: '1.1', uniqueKeys: false, logLevel: 'silent' });
  if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0)) return undefined;
  return documents.map((document) => document.toJS({ maxAliasCount: -1 }) as unknown);
}

function isSubsequence(part: string, whole: string): boolean {
  let at = 0;
  for (let index = 0; index < whole.length && at < part.length; index += 1) {
    if (whole.charCodeAt(index) === part.charCodeAt(at)) at += 1;
  }
  return at === part.length;
}

function note(map: Map<string, string[]>, key: string, file: string): void {
  map.set(key, [...(map.get(key) ?? []), file]);
}
