import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { changesOf, releaseNotes } from '../../../../scripts/release/changelog.ts';
import { withAnnotations } from '../../../../scripts/release/publish/chart.ts';
import { statementsOf } from '../../../../scripts/release/publish/cosign.ts';
import { findingsOf, refuseFindings } from '../../../../scripts/release/publish/scan.ts';

const changelog = `# Changelog

## [Unreleased]
### Added
- **A thing**: does
  this.

## [0.2.0] - 2026-12-01
### Added
- One
- Two, [a link](x)

### Changed, for those who used the main branch before
- Three

### Security
- Four

## [0.1.0] - 2026-11-01
### Fixed
- Old
`;

test('the notes of a version are its part of the changelog', () => {
  expect(releaseNotes(changelog, '0.1.0')).toBe('### Fixed\n- Old\n');
  expect(releaseNotes(changelog, 'Unreleased')).toBe('### Added\n- **A thing**: does\n  this.\n');
  expect(() => releaseNotes(changelog, '0.3.0')).toThrow('CHANGELOG.md has no part [0.3.0]');
});

test('each item of the notes is a change of its kind', () => {
  expect(changesOf(releaseNotes(changelog, '0.2.0'))).toEqual([
    { kind: 'added', description: 'One' },
    { kind: 'added', description: 'Two, [a link](x)' },
    { kind: 'changed', description: 'Three' },
    { kind: 'security', description: 'Four' },
  ]);
  expect(changesOf(releaseNotes(changelog, 'Unreleased'))).toEqual([
    { kind: 'added', description: 'A thing: does this.' },
  ]);
});

test("the project's own changelog has changes for Artifact Hub", async () => {
  const own = changesOf(releaseNotes(await readFile('CHANGELOG.md', 'utf8'), 'Unreleased'));
  expect(own.length).toBeGreaterThan(10);
  for (const { description } of own) expect(description).toMatch(/^[`A-Z].*\S$/);
});

test('annotations are added to Chart.yaml, and no other is lost', async () => {
  const about = await readFile('chart/Chart.yaml', 'utf8');
  const changed = parse(
    withAnnotations(about, { 'a/b': '[{"c": "d: \\"e\\""}]' }, 'https://sources.example'),
  ) as object;
  const { annotations, ...rest } = parse(about) as { annotations: object };
  expect(changed).toEqual({
    ...rest,
    annotations: { ...annotations, 'a/b': '[{"c": "d: \\"e\\""}]' },
    sources: ['https://sources.example'],
  });
});

test('the statements that cosign prints are read, its other lines are not', () => {
  const statement = { subject: [], predicateType: 'x', predicate: { a: 1 } };
  const line = JSON.stringify({ payload: Buffer.from(JSON.stringify(statement)).toString('base64') });
  expect(statementsOf(`Verification for x --\n${line}\n${line}\n`)).toEqual([statement, statement]);
});

test('known vulnerabilities are refused, with a line for each', () => {
  const match = {
    vulnerability: { id: 'CVE-2026-1', severity: 'High', fix: { versions: ['1.2'] } },
    artifact: { name: 'zlib1g', version: '1.1' },
  };
  const unfixed = { vulnerability: { id: 'CVE-2026-2' }, artifact: { name: 'node', version: '26' } };
  const findings = findingsOf(JSON.stringify({ matches: [match, unfixed] }));
  expect(() => refuseFindings(findings)).toThrow(
    '2 known vulnerabilities\nCVE-2026-1 (High) in zlib1g 1.1, mended in 1.2\nCVE-2026-2 (Unknown) in node 26',
  );
  expect(() => refuseFindings(findingsOf('{"matches": []}'))).not.toThrow();
});

test('the VEX file is OpenVEX, and gives a reason for each that does not apply', async () => {
  const vex = JSON.parse(await readFile('security/vex.openvex.json', 'utf8')) as {
    readonly '@context': string;
    readonly statements: ReadonlyArray<{ readonly status: string; readonly justification?: string }>;
  };
  expect(vex['@context']).toBe('https://openvex.dev/ns/v0.2.0');
  const unexplained = vex.statements.filter(
    ({ status, justification }) => status === 'not_affected' && justification === undefined,
  );
  expect(unexplained).toEqual([]);
});
