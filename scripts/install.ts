import { runCommand } from './install/command.ts';

/** For pipelines: renders the chart from its templates first, then installs it with these arguments. */
await runCommand('install', { renderChart: true });
