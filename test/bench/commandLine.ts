import { timeCommands } from '../support/bench/commands.ts';
import { median, type Figure } from '../support/bench/figure.ts';

/** How long the command line takes to start, beside Node with nothing to do. */
export async function benchCommandLine(): Promise<Figure[]> {
  const times = await timeCommands(
    { bare: [process.execPath, '-e', '0'], version: [process.execPath, 'bin/packet-capture.js', '--version'] },
    15,
  );
  const bare = median(times.bare);
  const version = median(times.version);
  return [
    {
      what: 'start of the command line (`--version`), over bare Node',
      measured: `${(version - bare).toFixed(0)} ms`,
      goal: 'under 100 ms',
      beside: `bare Node ${bare.toFixed(0)} ms, ratio ${(version / bare).toFixed(2)}`,
    },
  ];
}
