import type { Command } from 'commander';
import { say } from '../output.ts';
import type { ChartFlags } from '../chart.ts';

/** `chart`: the Helm chart of way 3, from its templates. */
export function addChart(program: Command): void {
  program
    .command('chart')
    .description('render the Helm chart')
    .option('--out <DIR>', "write it there; replaced as a whole (default: the project's own chart/)")
    .option('--bake-certs', 'put new certificates, with the private key, into the values of the chart at --out')
    .option('--release <NAME>', 'of the install that they are for (default packet-capture)')
    .option('-n, --namespace <NAMESPACE>', 'of that install (default packet-capture)')
    .option('--check', 'write nothing; exit code 1 when the chart is not current')
    .action(async (flags: ChartFlags) => {
      const { chartCommand } = await import('../chart.ts');
      if (!(await chartCommand(flags, new Date(), say))) process.exitCode = 1;
    });
}
