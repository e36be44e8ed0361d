import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensurePackages } from '../../../scripts/cluster/requirements.ts';

/** Debian's Chromium; a font of Chinese, so that those pages are looked at as they are. */
const packages = [
  { name: 'chromium', programs: ['chromium'] },
  { name: 'fonts-wqy-zenhei', files: ['/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc'] },
];

/** How a page is looked at. */
export interface Look {
  readonly colour: 'light' | 'dark';
  /** Of the window, in pixels. */
  readonly width: number;
}

/** A desktop and a phone, by day and by night. */
export const looks = [
  { colour: 'light', width: 1440 },
  { colour: 'dark', width: 1440 },
  { colour: 'light', width: 375 },
  { colour: 'dark', width: 375 },
] as const satisfies readonly Look[];

/** Starts the real Chromium without a window; installs it first if it is not there. */
export async function openBrowser(): Promise<Browser> {
  await ensurePackages(packages, stderrProgress);
  // Tests run as root, for which Chromium has no sandbox; it sees the site alone.
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
}

/** A page of a browser, and what went wrong on it since it was opened. */
export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of the console, exceptions, requests that failed or went to another host. */
  readonly faults: string[];
}

/** Opens a page on which every request to another host than `origin` is refused and counts as a fault. */
export async function watchedPage(browser: Browser, origin: string, { colour, width }: Look): Promise<WatchedPage> {
  const context = await browser.newContext({ colorScheme: colour, viewport: { width, height: 900 } });
  const faults: string[] = [];
  await context.route('**/*', async (route) => {
    const url = route.request().url();
    if (url.startsWith(`${origin}/`) || url.startsWith('data:') || url.startsWith('blob:')) return route.continue();
    faults.push(`a request to ${url}`);
    return route.abort();
  });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} for ${response.url()}`);
  });
  return { page, context, faults };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A rule of WCAG 2 A or AA that a page breaks, and where. */
interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/**
 * What axe-core finds on the page as it is shown: contrast, alternative texts, names of links and the like. Without two
 * rules that VitePress's own sidebar (a button around a link) and search button (its keys are not in its name) break.
 */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const violations: readonly Violation[] = await page.evaluate(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations'], rules: { 'nested-interactive': { enabled: false }, 'label-content-name-mismatch': { enabled: false } } }).then(({ violations }) => violations)`,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 5).map(({ html, failureSummary = '' }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
  );
}
