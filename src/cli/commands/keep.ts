import { Option, type Command } from 'commander';
import type { KeepFlags } from '../flags/keepFlags.ts';
import { addPodFlags } from '../flags/podFlags.ts';
import { addWindowFlags } from '../flags/windowFlags.ts';

/** `keep POD|TYPE/NAME|-l SELECTOR`: keeps the capture files of a window out of the ring's rotation. */
export function addKeep(program: Command): void {
  const command = program
    .command('keep')
    .description("keep the capture files of the last minutes in the pods: the ring's rotation no longer removes them")
    .argument('[POD|TYPE/NAME]', "a pod's name, or a workload or Service as kubectl takes it: deploy/web");
  addWindowFlags(addPodFlags(command), 'files with packets')
    .option('--and <DURATION>', 'and of the DURATION after that', '0s')
    .option('--reason <TEXT>', 'why; it is stored with the files, next to your name')
    .option(
      '--watch',
      'follow the pods, and keep what led to each crash, restart and failed readiness probe; until Ctrl-C',
    )
    .option('--pause <DURATION>', 'with --watch: the least time between two keeps of a pod', '1m')
    .option('--dry-run', 'let the API server check everything and store nothing')
    .addOption(
      new Option('--wait <BOOLEAN>', 'wait until the window has ended and its files are kept, too')
        .choices(['true', 'false'])
        .default('true'),
    )
    .option('--timeout <DURATION>', 'how long to wait for an agent to begin, and after the window for its end', '60s')
    .addOption(
      new Option('-o, --output <FORMAT>', 'json: the result, for programs; with --watch a line each').choices(['json']),
    )
    .addHelpText(
      'after',
      '\nWithout --last and --since it keeps the last 10m.\nThe window goes on in the pods when this command ends, also by Ctrl-C.\nExit codes: 0 every agent has kept them (with --wait=false: has begun), 1 one has not, 2 wrong usage, 130 Ctrl-C.',
    )
    .action(async (name: string | undefined, flags: KeepFlags) => {
      const { runKeep } = await import('../shared/keepCaptures.ts');
      await runKeep(name, flags);
    });
}
