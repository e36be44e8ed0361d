import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { settingsMarkdown } from '../../../src/settings/index.ts';

test('docs/settings.md holds the table as it is now; `npm run docs` writes it', () => {
  expect(readFileSync('docs/settings.md', 'utf8')).toContain(`<!-- settings -->\n${settingsMarkdown()}\n<!-- /settings -->`);
});
