import { runCommand } from './install/command.ts';

/** For pipelines: renders the chart from its templates first, then upgrades the release with these arguments. */
await runCommand('upgrade', { renderChart: true });
