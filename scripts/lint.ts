#!/usr/bin/env node
/** Which folder of src may import which: `npm run lint` ends with this. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { arrowProblems } from './lint/problems.ts';

const root = join(import.meta.dirname, '..', 'src');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const problems = arrowProblems(files.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') })));
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
