import { join, relative } from 'node:path';
import { defineConfig, type DefaultTheme, type MarkdownRenderer } from 'vitepress';
import { chinese, english } from './navigation.ts';
import { excluded, linkInSite, pageOf, slugOf } from './pages.ts';
import { searchWords } from './searchWords.ts';

const root = join(import.meta.dirname, '../..');

/** Where the site will lie on its host: `/` or `/packet-capture/`. */
const base = (process.env['PACKET_CAPTURE_SITE_BASE'] ?? '/') as `/${string}/`;

/** The site: `npm run docs:site`. */
export default defineConfig({
  title: 'packet-capture',
  description: 'Records the network packets of Kubernetes workloads',
  // Pages are documents of the whole repository.
  srcDir: '..',
  srcExclude: excluded,
  outDir: join(root, 'dist/site'),
  cacheDir: join(root, 'node_modules/.cache/vitepress'),
  rewrites: (file: string) => pageOf(file) ?? file,
  base,
  // A document that is no page must not slip in.
  ignoreDeadLinks: false,
  lastUpdated: false,
  metaChunk: true,
  markdown: {
    anchor: { slugify: slugOf },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    languageAlias: { console: 'shellsession' },
    config: adapt,
  },
  locales: {
    root: { label: 'English', lang: 'en', themeConfig: english },
    zh: { label: '中文', lang: 'zh', themeConfig: chinese },
  },
  themeConfig: {
    logo: '/icon.svg',
    // Most pages are English alone: the menu of languages leads to the first page of each.
    i18nRouting: false,
    search: {
      provider: 'local',
      options: {
        miniSearch: { options: { tokenize: searchWords }, searchOptions: { prefix: true, combineWith: 'AND' } },
        locales: { zh: { translations: chineseSearch() } },
      },
    },
  },
  // All that a page needs is in the site itself.
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}icon.svg` }]],
  vite: {
    publicDir: join(root, 'docs/.vitepress/public'),
    build: { assetsInlineLimit: 0, chunkSizeWarningLimit: 4000 },
  },
});

/** Links and braces of documents that code hosts show as well. */
function adapt(md: MarkdownRenderer): void {
  const fence = md.renderer.rules.fence;
  md.renderer.rules.fence = (tokens, index, ...rest) => {
    const token = tokens[index];
    // Commands alone are a script; with `$` before them, a session.
    if (token?.info === 'console' && !/^\$ /m.test(token.content)) token.info = 'sh';
    return fence?.(tokens, index, ...rest) ?? '';
  };
  const escaped = (html: string): string => html.replaceAll('{{', '&#123;&#123;');
  for (const rule of ['text', 'code_inline'] as const) {
    const render = md.renderer.rules[rule];
    md.renderer.rules[rule] = (...args) => escaped(render?.(...args) ?? '');
  }
  md.core.ruler.push('site links', (state) => {
    const { realPath, path } = state.env as { readonly realPath?: string; readonly path: string };
    const file = relative(root, realPath ?? path);
    for (const { children } of state.tokens) {
      let dropped = false;
      for (const token of children ?? []) {
        if (token.type === 'link_open') {
          const link = linkInSite(file, decodeURI(token.attrGet('href') ?? ''));
          dropped = link === undefined;
          if (link !== undefined) token.attrSet('href', link);
        }
        if (!dropped || !token.type.startsWith('link_')) continue;
        // A file that is no page keeps its name, without a link.
        if (token.type === 'link_close') dropped = false;
        token.type = 'text';
        token.tag = '';
        token.nesting = 0;
        token.content = '';
      }
    }
  });
}

function chineseSearch(): NonNullable<DefaultTheme.LocalSearchOptions['translations']> {
  return {
    button: { buttonText: '搜索', buttonAriaLabel: '搜索文档' },
    modal: {
      displayDetails: '显示详细列表',
      resetButtonTitle: '清除查询条件',
      backButtonTitle: '关闭搜索',
      noResultsText: '没有找到结果：',
      footer: { selectText: '选择', navigateText: '切换', closeText: '关闭' },
    },
  };
}
