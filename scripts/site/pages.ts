import { posix } from 'node:path';

/** Documents outside of `docs/` that are pages of the site too, and their places there. */
const outside: Readonly<Record<string, string>> = {
  'README.md': 'readme.md',
  'README.zh.md': 'zh/index.md',
  'SECURITY.md': 'security.md',
  'CONTRIBUTING.md': 'contributing.md',
  'CHANGELOG.md': 'changelog.md',
  'agent/README.md': 'program/agent.md',
  'chart/README.md': 'program/chart.md',
  'scripts/cluster/README.md': 'program/node.md',
};

/** What is no page: everything else with this ending. */
export const excluded = [
  '**/node_modules/**',
  'test/**',
  'templates/**',
  'src/**',
  'plugins/**',
  'images/**',
  'captures/**',
  'coverage/**',
  'dist/**',
  'agent/*/**',
  'scripts/!(cluster)/**',
  'chart/*/**',
  '.*/**',
];

/**
 * The place of a document in the site. Pure.
 * @param file path from the root of the repository: `docs/start/README.md`
 * @returns path from the root of the site: `start/index.md`; undefined when it is no page
 */
export function pageOf(file: string): string | undefined {
  if (outside[file] !== undefined) return outside[file];
  // The first page is index.md; README.md next to it is the list of all documents.
  if (file === 'docs/README.md') return 'documents.md';
  if (!/^docs\/.*\.md$/.test(file)) return undefined;
  return file.slice('docs/'.length).replace(/(^|\/)README\.md$/, '$1index.md');
}

/**
 * A link of a document as it is in the site. Pure.
 * @param file the document, from the root of the repository
 * @param target as it is written there: `../README.md#install`, `#here`, an address
 * @returns the link; undefined when its target is no page: then there is just the text
 */
export function linkInSite(file: string, target: string): string | undefined {
  if (/^[a-z]+:/.test(target) || target.startsWith('#')) return target;
  const [path = '', anchor] = target.split('#');
  const to = posix.join(posix.dirname(file), path);
  const page = pageOf(to) ?? pageOf(posix.join(to, 'README.md'));
  return page === undefined ? undefined : `/${page}${anchor === undefined ? '' : `#${anchor}`}`;
}

/** The anchor of a heading, as code hosts make it. Pure. */
export function slugOf(title: string): string {
  return title
    .toLowerCase()
    .trim()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
