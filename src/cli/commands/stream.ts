import { Option, type Command } from 'commander';
import { findSetting, type SettingName } from '../../settings/index.ts';
import { addPodFlags } from '../podFlags.ts';
import type { StreamFlags } from '../streamRun.ts';

/** `stream POD|TYPE/NAME|-l SELECTOR`: the packets of live pods, as they come. */
export function addStream(program: Command): void {
  const command = program
    .command('stream')
    .description('capture in running pods, and write one pcapng as it comes: an interface for each pod and device, in order of time')
    .argument('[POD|TYPE/NAME]', "a pod's name, or a workload or Service as kubectl takes it: deploy/web; pods that come later are followed");
  addPodFlags(command)
    .option('-o, --output <FILE>', 'a file that is not there yet; -: standard output', '-')
    .option('--max-pods <COUNT>', 'capture in so many pods at a time: each takes a kubectl here', '32')
    .option('--force', 'write over the file');
  for (const [name, note] of settingNotes) {
    const { placeholder = '', text = '' } = findSetting(name) ?? {};
    command.addOption(new Option(`--${name} <${placeholder}>`, `${text} (default: ${note})`));
  }
  command
    .option('--duration <DURATION>', 'end after this time (default: at Ctrl-C)')
    .addHelpText('after', '\nInto Wireshark: packet-capture stream deploy/web | wireshark -k -i -\nExit codes: 0 ended as asked, 1 failed, 2 wrong usage.')
    .action(async (name: string | undefined, flags: StreamFlags) => {
      const { runStream } = await import('../streamRun.ts');
      await runStream(name, flags);
    });
}

const settingNotes: readonly (readonly [SettingName, string])[] = [
  ['filter', "each pod's own"],
  ['interfaces', "each pod's own"],
  ['snaplen', "each pod's own"],
];
