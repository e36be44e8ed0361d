import { runCommand } from './install/command.ts';

/** For pipelines: uninstalls the release with these arguments. */
await runCommand('uninstall', { renderChart: false });
