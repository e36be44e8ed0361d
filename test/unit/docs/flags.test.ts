import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { makeProgram } from '../../../src/cli/program.ts';

const docs = join(import.meta.dirname, '../../../docs');

test.each([
  ['manifests.md', ['inject', 'uninject', 'diff']],
  ['install.md', ['install', 'upgrade', 'uninstall']],
  ['diagnosis.md', ['check']],
  ['policy.md', ['policy']],
])('every flag in a table of %s is a flag of %j', async (file, commands) => {
  const known = new Set((await Promise.all(commands.map(flagsOf))).flat());
  const named = flagsInTables(readFileSync(join(docs, file), 'utf8'));
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((flag) => !known.has(flag))).toEqual([]);
});

async function flagsOf(name: string): Promise<string[]> {
  const program: Command = await makeProgram([name]);
  const command = program.commands.find((one) => one.name() === name);
  return command?.options.flatMap(({ short, long }) => [short ?? '', long ?? '']) ?? [];
}

/** The flags in the first column of the tables whose head is `flag`. */
function flagsInTables(document: string): string[] {
  const tables = [...document.matchAll(/^\| flag \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)/gm)].map(([, rows = '']) => rows);
  const cells = tables.flatMap((rows) => rows.split('\n').map((row) => row.split(' | ')[0] ?? ''));
  return cells.flatMap((cell) => cell.match(/(?<=[`\s,])--?[a-z][a-z-]*/gi) ?? []);
}
