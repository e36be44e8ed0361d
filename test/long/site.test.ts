import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accessibilityProblems, looks, openBrowser, watchedPage } from '../support/site/browser.ts';
import { serveSite, type ServedSite } from '../support/site/serve.ts';

const root = join(import.meta.dirname, '../..');
let folder = '';
let site: ServedSite;
let browser: Browser;
let pages: readonly string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-site-'));
  await execa(process.execPath, ['scripts/site.ts', '--output', folder], { cwd: root });
  site = await serveSite(folder);
  browser = await openBrowser();
  pages = globSync('**/*.html', { cwd: folder }).filter((page) => page !== '404.html');
}, 1_800_000);

afterAll(async () => {
  await browser.close();
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

/** Opens a page, until its script runs. */
async function show(page: Page, path: string): Promise<void> {
  await page.goto(`${site.origin}/${path}`, { waitUntil: 'load' });
  await page.waitForFunction('document.querySelector("#app").__vue_app__ !== undefined');
}

test('no file of the site names another place that a browser would load from', async () => {
  for (const file of globSync('**/*.{html,css}', { cwd: folder })) {
    const text = await readFile(join(folder, file), 'utf8');
    const loaded = [
      ...text.matchAll(/<(?:script|img|iframe|source)\b[^>]*\bsrc="(https?:[^"]+)"/g),
      ...text.matchAll(/<link\b[^>]*\bhref="(https?:[^"]+)"/g),
      ...text.matchAll(/url\(\s*["']?(https?:[^)]+)\)/g),
    ].map(([, place]) => `${file} loads ${place}`);
    expect(loaded).toEqual([]);
  }
});

test('every page opens without an error, and its links and anchors lead somewhere', async () => {
  expect(pages.length).toBeGreaterThan(80);
  const { page, context, faults } = await watchedPage(browser, site.origin, looks[0]);
  const anchors = new Map<string, ReadonlySet<string>>();
  const links: { readonly from: string; readonly to: URL }[] = [];
  for (const path of pages) {
    await show(page, path);
    const found = await page.evaluate<{ ids: string[]; links: string[] }>(`({
      ids: [...document.querySelectorAll('[id]')].map((element) => element.id),
      links: [...document.querySelectorAll('a[href]')].map((link) => link.href),
    })`);
    anchors.set(`/${path}`, new Set(found.ids));
    links.push(...found.links.map((to) => ({ from: path, to: new URL(to) })));
  }
  await context.close();
  expect(faults).toEqual([]);
  const inside = links.filter(({ to }) => to.origin === site.origin);
  expect(inside.length).toBeGreaterThan(1000);
  const dead = inside.filter(({ to }) => {
    const ids = anchors.get(to.pathname.endsWith('/') ? `${to.pathname}index.html` : to.pathname);
    return ids === undefined || (to.hash !== '' && !ids.has(decodeURIComponent(to.hash.slice(1))));
  });
  expect(dead.map(({ from, to }) => `${from} links to ${to.pathname}${to.hash}`)).toEqual([]);
});

test.each(looks)('every page can be read: $colour, $width pixels wide', async (look) => {
  const { page, context, faults } = await watchedPage(browser, site.origin, look);
  const problems: string[] = [];
  for (const path of pages) {
    await show(page, path);
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
    if (wide > 0) problems.push(`${path}: ${wide} pixels wider than the window`);
    const silent = await page.evaluate<string[]>(
      `[...document.querySelectorAll('.vp-doc img')].filter(({ alt }) => alt.trim().length < 10).map(({ src }) => src)`,
    );
    problems.push(...silent.map((src) => `${path}: ${src} has no text`));
    // Contrast, names and texts do not depend on the width.
    if (look.width > 1000)
      problems.push(...(await accessibilityProblems(page)).map((problem) => `${path}: ${problem}`));
  }
  await context.close();
  expect(faults).toEqual([]);
  expect(problems).toEqual([]);
});

test.each([
  { from: 'index.html', words: 'attach', finds: '/attach.html' },
  { from: 'zh/index.html', words: '抓包', finds: '/zh/' },
])('the search finds "$words" without a network', async ({ from, words, finds }) => {
  const { page, context, faults } = await watchedPage(browser, site.origin, looks[0]);
  await show(page, from);
  await page.click('#local-search button');
  await page.fill('#localsearch-input', words);
  const results = page.locator('.VPLocalSearchBox .results a.result');
  await results.first().waitFor();
  const found = await results.evaluateAll((all) => all.map((one) => (one as unknown as { href: string }).href));
  expect(found.some((href) => new URL(href).pathname.startsWith(finds))).toBe(true);
  await results.first().click();
  await page.waitForURL((url) => url.pathname !== `/${from}`);
  await context.close();
  expect(faults).toEqual([]);
});
