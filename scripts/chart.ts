import { $, which } from 'zx';
import { committedChart, writeCommittedChart } from '../src/chart/index.ts';
import { formatError, isCodedError } from '../src/errors.ts';

/** Renders chart/ and values.schema.json from templates/, and lints the chart when helm is on the PATH. */
try {
  await writeCommittedChart();
  if ((await which('helm', { nothrow: true })) === null)
    console.error('chart/ is written; helm is not there to lint it');
  else await $({ stdio: 'inherit' })`helm lint --strict ${committedChart()}`;
} catch (error) {
  if (!isCodedError(error)) throw error;
  console.error(formatError(error));
  process.exitCode = 1;
}
