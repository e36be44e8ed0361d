import { expect, test } from 'vitest';
import { decisionsMarkdown } from '../../../../scripts/docs/decisions.ts';

const text =
  '# 0001 A title\n\n- Date: 2026-11-22\n- Status: Accepted\n\n**Context.** a\n\n**Decision.** b\n\n**Consequences.** c\n';

test('lists title, date and status, with a link', () => {
  expect(
    decisionsMarkdown([{ file: '0001-a-title.md', text }])
      .split('\n')
      .at(-1),
  ).toBe('| [0001](0001-a-title.md) | A title | 2026-11-22 | Accepted |');
});

test.each([
  ['title', text.replace('0001', '0002')],
  ['date', text.replace('- Date: 2026-11-22\n', '')],
  ['status', text.replace('Accepted', 'Perhaps')],
  ['Context', text.replace('**Context.**', '**Why.**')],
  ['Consequences', text.replace('**Consequences.** c', '')],
])('refuses a decision without its %s', (what, broken) => {
  expect(() => decisionsMarkdown([{ file: '0001-a-title.md', text: broken }])).toThrow(what);
});
