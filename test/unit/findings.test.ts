import { expect, test } from 'vitest';
import { findingKinds as certificates } from '../../src/certificates/certificateFindings.ts';
import { findingKinds as diagnosis } from '../../src/diagnosis/judge/checkFindings.ts';
import { errorTable } from '../../src/errors.ts';
import { countFindings, findingsOf, formatFinding, type FindingKind } from '../../src/findings.ts';
import { findingKinds as preflight } from '../../src/release/plan/preflightFindings.ts';

test('a code means one thing: tables share it only with the same row, and never with an error', () => {
  const seen = new Map<string, FindingKind>();
  for (const [code, kind] of [certificates, diagnosis, preflight].flatMap((table) =>
    Object.entries<FindingKind>(table),
  )) {
    expect(seen.get(code) ?? kind, code).toBe(kind);
    expect(Object.keys(errorTable), code).not.toContain(code.toUpperCase());
    seen.set(code, kind);
  }
  expect(seen.size).toBeGreaterThan(80);
});

test('findings as people see them', () => {
  const finding = findingsOf({
    bad: { level: 'error', meaning: 'It is bad', hint: 'Mend it.' },
    good: { level: 'ok', meaning: 'It is good', hint: '' },
  });
  expect(formatFinding(finding('bad', 'the cluster', 'it is old'))).toEqual([
    'error   the cluster: it is old (bad)',
    '        Mend it.',
  ]);
  expect(formatFinding(finding('bad', 'here', 'it is old', 'Do that.')).at(-1)).toBe('        Do that.');
  expect(formatFinding(finding('good', 'here', 'fine'))).toEqual(['ok      here: fine']);
  expect(countFindings([finding('bad', '', ''), finding('bad', '', ''), finding('good', '', '')])).toBe('2 errors');
});
