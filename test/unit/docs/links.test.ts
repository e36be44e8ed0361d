import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const files = globSync(['*.md', 'docs/**/*.md', 'agent/*.md', 'chart/*.md', 'scripts/**/*.md'], { cwd: root });

test.each(files.toSorted())('every link of %s has a target', (file) => {
  const text = withoutCode(read(file));
  const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) =>
    isBroken(file, target) ? [target] : [],
  );
  expect(broken).toEqual([]);
});

test('docs/README.md names every document', () => {
  const index = read('docs/README.md');
  const documents = files
    .filter((file) => /^docs\/(?!decisions\/).+\.md$/.test(file) && file !== 'docs/README.md')
    .map((file) => relative('docs', file));
  expect(documents.length).toBeGreaterThan(20);
  expect(documents.filter((document) => !index.includes(`(${document})`))).toEqual([]);
});

function isBroken(file: string, target: string): boolean {
  if (/^[a-z]+:/.test(target)) return false;
  const [path = '', anchor] = target.split('#');
  const full = path === '' ? file : join(dirname(file), path);
  if (!existsSync(join(root, full))) return true;
  return anchor !== undefined && full.endsWith('.md') && !anchorsOf(read(full)).includes(anchor);
}

/** The anchors of the headings, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '');
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}
