import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const all = globSync(['{src,agent,scripts,templates,test,docs,images,plugins}/**/*', '*.md'], { cwd: root });

/** Where comments and texts name paths. Decisions name those of their day, and tests make files of their own. */
const texts = all.filter(
  (file) => /\.(?:ts|go|md|tpl|hbs|yaml|txt)$/.test(file) && !/^(?:docs\/decisions|test|scripts\/lint)\//.test(file),
);

test('every path of this project that a comment or a document names exists', () => {
  expect(staleIn('a rule of src/nowhere.ts, and src/errors.ts')).toEqual(['src/nowhere.ts']);
  expect(texts.length).toBeGreaterThan(500);
  const stale = texts.flatMap((file) =>
    staleIn(readFileSync(join(root, file), 'utf8')).map((path) => `${file} names ${path}`),
  );
  expect(stale).toEqual([]);
});

/** A path may be the beginning of a name (docs/decisions/0037), and a chart's may begin in its own folder. */
function staleIn(text: string): string[] {
  const named = [...text.matchAll(/(?<![\w./@-])(?:src|agent|scripts|templates|docs)\/[\w./-]*\w/g)].map(
    ([path]) => path,
  );
  return named.filter(
    (path) =>
      !all.some((file) => file.startsWith(path) || file.startsWith(`templates/${path}`)) &&
      !existsSync(join(root, path)) &&
      !path.includes('..'),
  );
}
