import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { form } from '../../build.ts';
import { issueMaterial, servingNames, valuesOfMaterial } from '../../certificates/index.ts';
import {
  committedChart,
  differences,
  fullnameOf,
  identity,
  projectChart,
  readChartFolder,
  replaceFolder,
  staleInCommittedChart,
  writeCommittedChart,
} from '../../chart/index.ts';
import { codedError } from '../../errors.ts';
import { say } from '../io/output.ts';

/** `chart`: renders the Helm chart from its templates. */
export function addChart(program: Command): void {
  program
    .command('chart')
    .description('render the Helm chart')
    .option('--out <DIR>', 'the folder to write, replaced as a whole (in a checkout chart/ unless told)')
    .option('--bake-certs', 'put new certificates, with the private key, into the values of that chart')
    .option('--release <NAME>', 'the release that they are for (default packet-capture)')
    .option('-n, --namespace <NAMESPACE>', "the release's namespace (default packet-capture)")
    .option('--check', 'write nothing; exit code 1 if the chart is not current')
    .action(async (flags: ChartFlags) => {
      if (!(await chartCommand(flags, new Date(), say))) process.exitCode = 1;
    });
}

/** The flags of `chart`; absent ones have no default here. */
export interface ChartFlags {
  readonly out?: string;
  readonly release?: string;
  readonly namespace?: string;
  readonly bakeCerts?: boolean;
  readonly check?: boolean;
}

/**
 * `chart`: renders the chart, or reports whether it is current.
 * @returns false for --check and a chart that is not current
 * @throws USAGE, CHART_INVALID, FILE_EXISTS, FILE_UNREADABLE, FILE_UNWRITABLE
 */
export async function chartCommand(flags: ChartFlags, now: Date, report: (line: string) => void): Promise<boolean> {
  const { out, bakeCerts = false, check = false } = flags;
  checkUsage(flags);
  if (form !== 'checkout' && out === undefined)
    throw codedError('USAGE', 'only a checkout has a chart of its own to write', { hint: 'Name a folder: --out DIR.' });
  const own = out === undefined || (await isCommittedChart(out));
  if (check) return reportStale(own ? await staleInCommittedChart() : await stale(out), report);
  if (bakeCerts) {
    if (own) {
      const hint = 'Add --out with a folder that is not committed.';
      throw codedError('USAGE', "a private key must not be in the project's own chart", {
        where: '--bake-certs',
        hint,
      });
    }
    await bake(out, flags, now, report);
  } else if (own) await writeCommittedChart();
  else await replaceFolder(out, await projectChart());
  report(`wrote ${own ? 'chart and values.schema.json' : out}`);
  return true;
}

function checkUsage({ release, namespace, bakeCerts = false, check = false }: ChartFlags): void {
  if (bakeCerts && check)
    throw codedError('USAGE', '--check and --bake-certs exclude each other: new certificates are never current');
  if (bakeCerts || (release === undefined && namespace === undefined)) return;
  const hint = 'Add --bake-certs, or name them when helm installs the chart.';
  throw codedError('USAGE', '--release and --namespace need --bake-certs', { hint });
}

async function bake(out: string, flags: ChartFlags, now: Date, report: (line: string) => void): Promise<void> {
  const { release = identity.chartName, namespace = identity.chartName } = flags;
  const dnsNames = servingNames(fullnameOf(release), namespace);
  const values = valuesOfMaterial(await issueMaterial({ dnsNames, now }));
  await replaceFolder(out, await projectChart({ ...values }), ['values.yaml']);
  report(
    `for release ${release} in namespace ${namespace}; values.yaml has the private key and is readable by you alone`,
  );
}

async function stale(out: string): Promise<string[]> {
  return differences(await projectChart(), await readChartFolder(out));
}

function reportStale(lines: readonly string[], report: (line: string) => void): boolean {
  for (const line of lines) report(line);
  report(lines.length === 0 ? 'the chart is current' : 'the chart is not current: run `packet-capture chart`');
  return lines.length === 0;
}

async function isCommittedChart(folder: string): Promise<boolean> {
  const same = async (path: string): Promise<string> => realpath(path).catch(() => resolve(path));
  return form === 'checkout' && (await same(folder)) === (await same(committedChart()));
}
