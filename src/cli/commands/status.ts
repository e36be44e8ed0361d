import { Option, type Command } from 'commander';
import { addPodFlags } from '../podFlags.ts';
import type { StatusFlags } from '../statusRun.ts';

/** `status`: how captured pods stand. */
export function addStatus(program: Command): void {
  const command = program
    .command('status')
    .description('show what is captured and what was dropped, pod by pod')
    .argument('[POD|TYPE/NAME]', "a pod's name, or a workload or Service as kubectl takes it: deploy/web (default: all that are captured)");
  addPodFlags(command)
    .option('-w, --watch', 'show it anew every two seconds; one JSON line each time where standard output is no terminal')
    .addOption(new Option('-o, --output <FORMAT>', 'json: for programs').choices(['json']))
    .addHelpText('after', '\nExit codes: 0 at least one pod could be asked, or none is captured and none was named; 1 none could; 2 wrong usage.')
    .action(async (name: string | undefined, flags: StatusFlags) => {
      const { runStatus } = await import('../statusRun.ts');
      await runStatus(name, flags);
    });
}
