import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../../../src');

/**
 * What writes by itself, and why it may: everything else goes through src/cli/io/output.ts, which makes text safe to
 * show.
 */
const exempt: Readonly<Record<string, string>> = {
  'cli/io/output.ts': 'the writer',
  'cli/io/streamOutput.ts': 'packets',
  'kubernetes/child.ts': 'the words of a program that asks its user, made safe by programWords.ts',
  'cli/io/confirmation.ts': 'Node reads the answer to a question; its text comes from output.ts',
  'cli/injector/serve.ts': "the injector's log: JSON, a line each",
};

const writes = [
  /\bconsole\b/,
  /\bprocess\s*(?:\?\.|\.)\s*std(?:out|err)\b/,
  /\bprocess\s*\[/,
  /['"](?:node:)?(?:console|process|tty)['"]/,
  /\bwriteSync\b|['"]\/dev\/(?:stdout|stderr|tty|fd\/[12])['"]/,
];

/** `const { stdout } = process`, `use(process)`; elsewhere a process is kubectl's. */
const handsOn = /[=(,:]\s*process\b(?!\s*[.?])/;

test('only one file prints text for people', () => {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(250);
  const writing = files.filter((file) => {
    const code = readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
    return writes.some((pattern) => pattern.test(code)) || (file.startsWith('cli/') && handsOn.test(code));
  });
  expect(writing.toSorted()).toEqual(Object.keys(exempt).toSorted());
});
