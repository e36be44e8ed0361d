#!/usr/bin/env node
/** What neither oxlint nor oxfmt holds: `npm run lint` ends with this. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { circleProblems } from './lint/circles.ts';
import type { Source } from './lint/imports.ts';
import { arrowProblems, commentProblems, docstringProblems } from './lint/problems.ts';

const root = join(import.meta.dirname, '..');

function sourcesIn(folder: string): Source[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((path) => ({ path, text: readFileSync(join(root, folder, path), 'utf8') }));
}

const comments = ['src', 'scripts', 'test'].flatMap((folder) =>
  sourcesIn(folder).map(({ path, text }) => ({ path: `${folder}/${path}`, text })),
);
const sources = sourcesIn('src');
const problems = [
  ...arrowProblems(sources),
  ...circleProblems(sources),
  ...commentProblems(comments),
  ...docstringProblems(sources),
];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
