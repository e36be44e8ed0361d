import { expect, test } from 'vitest';
import { indexOf } from '../../../../scripts/release/publish/goDatabase.ts';
import { unexplained } from '../../../../scripts/release/publish/goScan.ts';

const messages = [
  { config: { scan_level: 'module' } },
  { osv: { id: 'GO-2026-1', aliases: ['CVE-2026-10'] } },
  { osv: { id: 'GO-2026-2' } },
  { osv: { id: 'GO-2026-3' } },
  { finding: { osv: 'GO-2026-1', fixed_version: 'v1.1', trace: [{ module: 'stdlib', version: 'v1.0' }] } },
  { finding: { osv: 'GO-2026-2', trace: [{ module: 'example.com/x', version: 'v0.1.0' }] } },
];
/** As govulncheck prints it. */
const json = messages.map((message) => `${JSON.stringify(message, undefined, 2)}\n`).join('');

function vex(name: string, part: string, status = 'not_affected'): string {
  const products = [{ '@id': 'pkg:oci/agent', subcomponents: [{ '@id': part }] }];
  return JSON.stringify({ statements: [{ vulnerability: { name }, products, status }] });
}

const first = { id: 'GO-2026-1', severity: 'Unknown', part: 'stdlib v1.0', fixedIn: 'v1.1' };
const second = { id: 'GO-2026-2', severity: 'Unknown', part: 'example.com/x v0.1.0', fixedIn: '' };

test('what govulncheck finds is a finding; what it only knows of is none', () => {
  expect(unexplained(json, '{"statements": []}')).toEqual([first, second]);
});

test.each(['GO-2026-1', 'CVE-2026-10'])('a finding that the VEX file explains as %s is left out', (name) => {
  expect(unexplained(json, vex(name, 'pkg:golang/stdlib'))).toEqual([second]);
});

test.each([
  ['another module', vex('GO-2026-1', 'pkg:golang/example.com/x')],
  ['another vulnerability', vex('GO-2026-3', 'pkg:golang/stdlib')],
  ['a statement that it does apply', vex('GO-2026-1', 'pkg:golang/stdlib', 'affected')],
])('%s explains nothing', (_, text) => {
  expect(unexplained(json, text)).toEqual([first, second]);
});

test('the index names the vulnerabilities of each module, with the last version that mends it', () => {
  const events = [{ introduced: '0' }, { fixed: '1.0.0' }, { introduced: '1.1.0' }, { fixed: '1.1.3' }];
  const entry = {
    id: 'GO-2026-1',
    modified: '2026-01-02T00:00:00Z',
    aliases: ['CVE-2026-10'],
    affected: [
      { package: { name: 'a' }, ranges: [{ events }] },
      { package: { name: 'b' }, ranges: [{}] },
    ],
  };
  const { id, modified, aliases } = entry;
  expect(indexOf([entry])).toEqual({
    db: { modified },
    modules: [
      { path: 'a', vulns: [{ id, modified, fixed: '1.1.3' }] },
      { path: 'b', vulns: [{ id, modified }] },
    ],
    vulns: [{ id, modified, aliases }],
  });
});
