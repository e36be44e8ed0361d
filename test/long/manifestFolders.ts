/**
 * Injects every manifest below some folders, and judges the result by the `yaml` package alone: for real manifests, in
 * checkouts of public repositories. Not run by `npm test`.
 *
 *     node test/long/manifestFolders.ts FOLDER...
 */
import { isUtf8 } from 'node:buffer';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { isCodedError } from '../../src/errors.ts';
import { injectManifest, uninjectManifest } from '../../src/manifest/index.ts';
import { defaultSidecarConfig } from '../../src/sidecar/index.ts';
import { withoutAdditions, workloadsIn } from './manifestOracle.ts';

type Json = Record<string, unknown>;

const tally = { files: 0, withWorkloads: 0, workloads: 0, injected: 0, kept: 0 };
const skipped = new Map<string, number>();
const refused = new Map<string, string[]>();
const wrong: string[] = [];

for (const folder of process.argv.slice(2)) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const names = entries.filter((entry) => entry.isFile() && /\.(ya?ml|json)$/i.test(entry.name)).map((entry) => join(entry.parentPath, entry.name));
  for (const file of names.toSorted()) {
    const bytes = await readFile(file);
    tally.files += 1;
    if (isUtf8(bytes)) judge(file, bytes.toString('utf8'));
    else note(refused, 'is no UTF-8', file);
  }
}

console.log(`${tally.files} files; ${tally.withWorkloads} with workloads, ${tally.workloads} of these: ${tally.injected} injected, ${[...skipped.values()].reduce((a, b) => a + b, 0)} skipped`);
for (const [reason, count] of skipped) console.log(`  skipped ${count}: ${reason}`);
for (const [reason, files] of refused) console.log(`refused ${files.length}: ${reason}\n  ${files.slice(0, 4).join('\n  ')}`);
console.log(`${wrong.length} wrong\n${wrong.join('\n')}`);
process.exitCode = wrong.length === 0 ? 0 : 1;

function judge(file: string, text: string): void {
  const options = { config: defaultSidecarConfig, settings: {}, file };
  try {
    const { text: injected, reports, insertions } = injectManifest(text, options);
    for (const { reason } of reports) if (reason !== undefined) skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
    tally.workloads += reports.length;
    tally.injected += reports.filter(({ result }) => result === 'injected').length;
    if (reports.length > 0) tally.withWorkloads += 1;
    const problem = problemOf(text, injected, reports.length);
    if (problem !== undefined) wrong.push(`${file}: ${problem}`);
    if (insertions.length === 0 && injected !== text) wrong.push(`${file}: changed without an insertion`);
    if (uninjectManifest(injected, options).text !== text) wrong.push(`${file}: uninject gives other bytes`);
    if (injectManifest(injected, options).text !== injected) wrong.push(`${file}: is injected twice`);
  } catch (error) {
    if (!isCodedError(error)) {
      wrong.push(`${file}: ${String(error)}`);
      return;
    }
    const [what = ''] = error.message.split('\n');
    const template = text.includes('{{') ? ', a template' : '';
    const readable = read(text) === undefined ? ', no YAML to the yaml package either' : '';
    note(refused, `${error.code}${template}${readable}: ${template === '' ? what.replaceAll(/\d+|"[^"]*"/g, '…') : ''}`, `${file} ${error.where ?? ''}`);
  }
}

/** What is wrong with the result, as the `yaml` package reads it. */
function problemOf(text: string, injected: string, reported: number): string | undefined {
  if (!isSubsequence(text, injected)) return 'bytes of the original are gone';
  const [before, after] = [read(text), read(injected)];
  if (before === undefined || after === undefined) return undefined;
  const expected = before.flatMap(workloadsIn);
  if (expected.length !== reported) return `${expected.length} workloads, of which ${reported} were seen`;
  const kept = after.map(withoutAdditions);
  return isDeepStrictEqual(kept, before.map((value) => withoutAdditions(structuredClone(value)))) ? undefined : 'means something else without the sidecar';
}

/** Undefined when it is no YAML, or what cannot be read that way. */
function read(text: string): unknown[] | undefined {
  const documents = parseAllDocuments(text, { version: '1.1', uniqueKeys: false, logLevel: 'silent' });
  if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0)) return undefined;
  return documents.map((document) => document.toJS({ maxAliasCount: -1 }) as Json);
}

function isSubsequence(part: string, whole: string): boolean {
  let at = 0;
  for (let index = 0; index < whole.length && at < part.length; index += 1) if (whole.charCodeAt(index) === part.charCodeAt(at)) at += 1;
  return at === part.length;
}

function note(map: Map<string, string[]>, key: string, file: string): void {
  map.set(key, [...(map.get(key) ?? []), file]);
}
