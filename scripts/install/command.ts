import { fileURLToPath } from 'node:url';
import { $, argv } from 'zx';
import { staleInCommittedChart, writeCommittedChart } from '../../src/chart/index.ts';

const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));

/**
 * Runs a command of packet-capture with the arguments of this process, its standard streams and its exit code. With
 * `renderChart`, templates that were changed are rendered first, unless another chart is named.
 */
export async function runCommand(name: string, { renderChart }: { readonly renderChart: boolean }): Promise<void> {
  // Ctrl-C reaches the command by itself; this process waits for what it makes of it.
  process.on('SIGINT', () => undefined);
  if (renderChart && argv['chart'] === undefined && (await staleInCommittedChart()).length > 0) {
    await writeCommittedChart();
    console.error('templates/ were changed: chart/ is rendered anew');
  }
  const command = $({
    stdio: 'inherit',
    nothrow: true,
  })`${process.execPath} ${path('bin/packet-capture.js')} ${name} ${process.argv.slice(2)}`;
  process.on('SIGTERM', () => void command.kill('SIGTERM'));
  const { exitCode, signal } = await command;
  process.exitCode = exitCode ?? (signal === null ? 1 : 130);
}
