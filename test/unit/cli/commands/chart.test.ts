import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inspect, materialOfValues, type CertificateMaterial } from '../../../../src/certificates/index.ts';
import { committedChart, readChartFolder, replaceFolder } from '../../../../src/chart/index.ts';
import { chartCommand, type ChartFlags } from '../../../../src/cli/commands/chart.ts';

let folder = '';
const lines: string[] = [];
const now = new Date();
const run = async (flags: ChartFlags): Promise<boolean> => chartCommand(flags, now, (line) => lines.push(line));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-chart-'));
  lines.length = 0;
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

describe('chart', () => {
  test('--out writes the committed chart', async () => {
    const out = join(folder, 'chart');
    expect(await run({ out })).toBe(true);
    expect(await readChartFolder(out)).toEqual(await readChartFolder(committedChart()));
    expect(await run({ out, check: true })).toBe(true);
    expect(lines).toEqual([`wrote ${out}`, 'the chart is current']);
  });

  test('--check reports stale files and writes nothing', async () => {
    const out = join(folder, 'chart');
    await replaceFolder(
      out,
      new Map([
        ['Chart.yaml', Buffer.from('name: packet-capture\n')],
        ['old.yaml', Buffer.from('')],
      ]),
    );
    expect(await run({ out, check: true })).toBe(false);
    expect(lines).toEqual(expect.arrayContaining(['different: Chart.yaml', 'missing: values.yaml', 'stale: old.yaml']));
    expect([...(await readChartFolder(out)).keys()].toSorted()).toEqual(['Chart.yaml', 'old.yaml']);
  });

  test('--check without --out looks at the committed chart and its schema', async () => {
    expect(await run({ check: true })).toBe(true);
  });

  test('--bake-certs writes certificates for this release into the values, which only the owner can read', async () => {
    const out = join(folder, 'chart');
    await run({ out, bakeCerts: true, release: 'tools', namespace: 'net' });
    const material = materialOfValues(load(await readFile(join(out, 'values.yaml'), 'utf8'))) as CertificateMaterial;
    expect(inspect(material, { now, host: 'tools-packet-capture.net.svc', complete: true }).findings).toEqual([]);
    expect((await stat(join(out, 'values.yaml'))).mode & 0o777).toBe(0o600);
    expect(lines.join('\n')).not.toContain('BEGIN');
  });

  test.each<readonly [ChartFlags, RegExp]>([
    [{ bakeCerts: true }, /must not be in the project's own chart/],
    [{ bakeCerts: true, out: `${committedChart()}/.` }, /must not be in the project's own chart/],
    [{ bakeCerts: true, check: true, out: 'a' }, /exclude each other/],
    [{ release: 'a' }, /need --bake-certs/],
    [{ bakeCerts: true, out: 'a', release: 'Not.A.Name' }, /is not a valid name of a service/],
  ])('%o is refused', async (flags, message) => {
    await expect(run(flags)).rejects.toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(message) }),
    );
  });
});
