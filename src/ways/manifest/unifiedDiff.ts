import { createTwoFilesPatch } from 'diff';
import { insertAll, type Insertion } from './edits.ts';

/** Lines of context around a change, as in `diff -u`. */
const context = 3;

/** A change of whole lines: the old lines from `line` on (from 0) are replaced by new ones. */
interface Change {
  readonly line: number;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/**
 * The insertions as a unified diff, which `patch -p0` accepts; empty without insertions. It takes linear time, because
 * nothing has to be searched.
 */
export function unifiedDiff(file: string, text: string, insertions: readonly Insertion[]): string {
  if (insertions.length === 0) return '';
  const lines = splitLines(text);
  const changes = changesOf(lines, insertions);
  let shift = 0;
  let output = `--- ${file}\n+++ ${file}\n`;
  for (const hunk of hunksOf(changes)) {
    const from = Math.max(0, (hunk[0]?.line ?? 0) - context);
    const last = hunk.at(-1);
    const to = Math.min(lines.length, (last?.line ?? 0) + (last?.removed.length ?? 0) + context);
    const grown = hunk.reduce((sum, { added, removed }) => sum + added.length - removed.length, 0);
    output += `@@ -${range(from, to - from)} +${range(from + shift, to - from + grown)} @@\n`;
    output += hunkBody(lines, hunk, from, to);
    shift += grown;
  }
  return output;
}

/**
 * The unified diff of two texts. It must compare lines, so it is for texts in which something was replaced.
 */
export function unifiedDiffOf(file: string, before: string, after: string): string {
  return createTwoFilesPatch(file, file, before, after, undefined, undefined, { context }).replace(
    /^Index: .*\n=+\n/,
    '',
  );
}

/** The lines of a text with their line breaks. */
function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** One change for each line into which, or before which, something is inserted. */
function changesOf(lines: readonly string[], insertions: readonly Insertion[]): Change[] {
  const sorted = insertions.toSorted((a, b) => a.offset - b.offset);
  const changes: Change[] = [];
  let next = 0;
  let start = 0;
  for (let line = 0; line <= lines.length && next < sorted.length; line += 1) {
    const content = lines[line] ?? '';
    const here: Insertion[] = [];
    // An insertion at the end of a text without a final line break belongs to the last line.
    const limit = line >= lines.length - 1 && !content.endsWith('\n') ? Infinity : start + content.length;
    for (let item = sorted[next]; item !== undefined && item.offset < limit; item = sorted[next]) {
      here.push({ offset: item.offset - start, text: item.text });
      next += 1;
    }
    if (here.length > 0) changes.push(withoutCommon(line, content, insertAll(content, here)));
    start += content.length;
  }
  return changes;
}

/** Leaves out the equal lines at both ends of a change. */
function withoutCommon(line: number, before: string, after: string): Change {
  const added = splitLines(after);
  if (before === '') return { line, removed: [], added };
  if (added.at(-1) === before) return { line, removed: [], added: added.slice(0, -1) };
  if (added[0] === before) return { line: line + 1, removed: [], added: added.slice(1) };
  return { line, removed: [before], added };
}

/** Puts changes that are close to each other into one hunk. */
function hunksOf(changes: readonly Change[]): Change[][] {
  const hunks: Change[][] = [];
  let end = -Infinity;
  for (const change of changes) {
    if (change.line - end > 2 * context) hunks.push([change]);
    else hunks.at(-1)?.push(change);
    end = change.line + change.removed.length;
  }
  return hunks;
}

function hunkBody(lines: readonly string[], hunk: readonly Change[], from: number, to: number): string {
  const parts: string[] = [];
  let done = from;
  for (const { line, removed, added } of hunk) {
    parts.push(prefixed(' ', lines.slice(done, line)), prefixed('-', removed), prefixed('+', added));
    done = line + removed.length;
  }
  return parts.join('') + prefixed(' ', lines.slice(done, to));
}

function prefixed(sign: string, lines: readonly string[]): string {
  return lines.map((line) => `${sign}${line}${line.endsWith('\n') ? '' : '\n\\ No newline at end of file\n'}`).join('');
}

/** The start of a range in a hunk; for an empty range the line before it. */
function range(start: number, length: number): string {
  return length === 1 ? String(start + 1) : `${length === 0 ? start : start + 1},${length}`;
}
