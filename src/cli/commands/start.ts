import type { Command } from 'commander';
import { addSettingFlags, settingsOfFlags } from '../flags/settingFlags.ts';
import { addStartStopFlags, type StartStopFlags } from '../flags/startStopFlags.ts';

/** `start POD|TYPE/NAME|-l SELECTOR`: starts captures of live pods, by their annotations. */
export function addStart(program: Command): void {
  const command = program
    .command('start')
    .description('start captures in running pods, or change what they capture; nothing restarts')
    .argument('[POD|TYPE/NAME]', "a pod's name, or a workload or Service as kubectl takes it: deploy/web");
  addStartStopFlags(addSettingFlags(command, ['state']))
    .addHelpText('after', "\nSettings without a flag do not change; an empty value, --filter '', restores the default.")
    .action(async (name: string | undefined, flags: StartStopFlags & Readonly<Record<string, unknown>>) => {
      const settings = settingsOfFlags(flags);
      const { runStartOrStop } = await import('../shared/startOrStop.ts');
      await runStartOrStop(name, flags, { state: 'running', ...settings });
    });
}
