import type { Command } from 'commander';
import type { DownloadFlags } from '../downloadRun.ts';
import { addPodFlags } from '../podFlags.ts';

/** `download POD|TYPE/NAME|-l SELECTOR`: the capture files of live pods. */
export function addDownload(program: Command): void {
  const command = program
    .command('download')
    .description('copy the capture files of running pods here, verified by size and checksum; a folder for each pod')
    .argument('[POD|TYPE/NAME]', "a pod's name, or a workload or Service as kubectl takes it: deploy/web");
  addPodFlags(command)
    .option('-o, --output <DIR>', 'gets a folder for each pod; files that are there already are not fetched again', 'captures')
    .option('--merge <FILE>', 'also merge them all into one pcapng, by time, whose interfaces are called NAMESPACE/POD:DEVICE')
    .option('--open', 'also what is still written to, as it is now: NAME.open.pcapng')
    .option('--json', 'the result to standard output, for programs')
    .addHelpText('after', '\nExit codes: 0 all that could be had is here, 1 something is missing (run it again: it goes on), 2 wrong usage.')
    .action(async (name: string | undefined, flags: DownloadFlags) => {
      const { runDownload } = await import('../downloadRun.ts');
      await runDownload(name, flags);
    });
}
