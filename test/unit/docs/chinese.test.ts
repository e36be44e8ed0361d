import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { commandBlocks } from '../../support/site/commandBlocks.ts';
import { shellCommands } from '../../support/site/shellCommands.ts';

const root = join(import.meta.dirname, '../../..');

/** What a text has in every language. */
interface Shape {
  /** A number for each heading: its level. */
  readonly headings: readonly number[];
  /** The columns of each row of each table. */
  readonly rows: readonly number[];
  /** What each block tells to type, as words: comments are in its own language. */
  readonly commands: readonly (readonly (readonly string[])[])[];
  /** For the text after each heading: every document, picture and address that it links to, without anchors. */
  readonly links: readonly (readonly string[])[];
}

/** @param deeper by how many levels its headings are counted deeper */
function shapeOf(file: string, deeper = 0): Shape {
  const text = readFileSync(join(root, file), 'utf8');
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '');
  return {
    headings: [...prose.matchAll(/^(#+) /gm)].map(([, marks = '']) => marks.length + deeper),
    rows: [...prose.matchAll(/^\|.*\|$/gm)].map(([row]) => row.split(' | ').length),
    commands: commandBlocks(text).map((block) => block.text.split('\n').flatMap(shellCommands)),
    links: prose.split(/^#+ /m).map((part) => linksOf(part, file)),
  };
}

/** As paths in the project, each once, in the order of the alphabet. */
function linksOf(prose: string, file: string): string[] {
  const targets = [...prose.matchAll(/\]\(([^)\s#]+)(?:#[^)\s]*)?\)/g)].map(([, target = '']) =>
    /^[a-z]+:/.test(target) ? target : relative('.', join(dirname(file), target)),
  );
  return [...new Set(targets)].toSorted();
}

/** Documents link to themselves in the other language, at their top. */
const languages = new Set(['README.md', 'README.zh.md', 'docs/zh/quickstart.md']);

function withoutLanguages({ links }: Shape): string[][] {
  return links.map((part) => part.filter((link) => !languages.has(link)));
}

test('the Chinese README has the headings, tables, commands and links of the English one', () => {
  const [english, chinese] = [shapeOf('README.md'), shapeOf('README.zh.md')];
  expect(english.commands.length).toBeGreaterThan(10);
  expect(chinese.commands).toEqual(english.commands);
  expect(chinese.headings).toEqual(english.headings);
  expect(chinese.rows).toEqual(english.rows);
  expect(withoutLanguages(chinese)).toEqual(withoutLanguages(english));
});

test('the Chinese quickstart is the English pages in one', () => {
  const start = shapeOf('docs/start/README.md');
  const ways = ['attach', 'manifest', 'patch', 'webhook', 'policy'].map((way) => shapeOf(`docs/start/${way}.md`, 1));
  const chinese = shapeOf('docs/zh/quickstart.md');
  expect(chinese.commands).toEqual([start, ...ways].flatMap(({ commands }) => commands));
  expect(chinese.headings).toEqual([start, ...ways].flatMap(({ headings }) => headings));
  expect(chinese.rows).toEqual([start, ...ways].flatMap(({ rows }) => rows));
  const english = new Set([start, ...ways].flatMap(({ links }) => links.flat()));
  expect([...english].filter((link) => !chinese.links.flat().includes(link))).toEqual([]);
});
