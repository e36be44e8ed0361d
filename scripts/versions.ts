/** `npm run test:versions`: the tests of the clusters' versions on real nodes, and their table in the documentation. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Command } from 'commander';
import { errorTable, formatError, isCodedError } from '../src/errors.ts';
import { kubernetesOf, containerdOf } from './cluster/goModules.ts';
import { stderrProgress as progress } from './cluster/progress.ts';
import { ensureTools } from './cluster/tools.ts';
import { formatVersions, parseVersions, type NodeVersions } from './cluster/versions.ts';
import { rows, testedVersions } from './versions/runs.ts';
import { cellsOf, withColumns, type TestOutcome } from './versions/table.ts';

const root = join(import.meta.dirname, '..');
const docs = join(root, 'docs', 'compatibility.md');
const minutesTitle = 'minutes of the run, with the start of the node';

/** `1.37.2, containerd 2.4.2` */
function headOf({ kubernetes, containerd }: NodeVersions): string {
  const runtime = containerdOf(containerd).title.replace(' v', ' ');
  return `${kubernetesOf(kubernetes).title.replace('Kubernetes v', '')}, ${runtime}`;
}

async function test(only: readonly string[]): Promise<void> {
  const wanted = only.map((version) => parseVersions(version).kubernetes);
  const runs = testedVersions.filter(({ kubernetes }) => wanted.length === 0 || wanted.includes(kubernetes));
  for (const versions of runs) {
    // Outside of the measured time: only the first run pays for it.
    await ensureTools(progress, versions);
    progress(`testing ${formatVersions(versions)}`);
    const begun = performance.now();
    const outcomes = await testOn(versions);
    const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
    const cells = [...cellsOf(rows, versions.kubernetes, outcomes), minutes];
    const titles = [...rows.map(({ title }) => title), minutesTitle];
    const table = withColumns(await readFile(docs, 'utf8'), testedVersions.map(headOf), titles, [
      { head: headOf(versions), cells },
    ]);
    await writeFile(docs, table);
    progress(`written to ${relative(root, docs)}`);
    if (cells.some((cell) => cell.startsWith('**'))) process.exitCode = 1;
  }
}

async function testOn({ kubernetes, containerd }: NodeVersions): Promise<TestOutcome[]> {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-versions-'));
  const report = join(folder, 'report.json');
  const env = {
    ...process.env,
    PACKET_CAPTURE_TEST_NODE: process.env['PACKET_CAPTURE_TEST_NODE'] ?? 'versions',
    PACKET_CAPTURE_TEST_KUBERNETES: `1.${kubernetes}`,
    PACKET_CAPTURE_TEST_CONTAINERD: containerd,
  };
  const vitest = ['vitest', 'run', '--config', 'vitest.versions.config.ts', '--reporter=default', '--reporter=json'];
  try {
    const child = spawn('npx', [...vitest, `--outputFile.json=${report}`], { cwd: root, env, stdio: 'inherit' });
    await once(child, 'exit');
    const { testResults } = JSON.parse(await readFile(report, 'utf8')) as Report;
    return testResults.flatMap(({ name, assertionResults }) =>
      assertionResults.map(({ fullName, status }) => ({ file: relative(root, name), title: fullName, status })),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What is read of vitest's JSON report. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

try {
  await new Command('npm run test:versions --')
    .description('Runs the tests of versions on real nodes and writes their table to docs/compatibility.md')
    .argument('[versions...]', 'minor versions of Kubernetes, for example 1.34; all unless given')
    .action(test)
    .parseAsync();
} catch (error) {
  console.error(isCodedError(error) ? formatError(error) : error);
  process.exitCode = isCodedError(error) ? errorTable[error.code].exit : 1;
}
