import type { Command } from 'commander';
import { addSettingFlags, settingsOfFlags } from '../flags/settingFlags.ts';
import { addStartStopFlags, type StartStopFlags } from '../flags/startStopFlags.ts';

/** `start POD|TYPE/NAME|-l SELECTOR`: annotations of live pods. */
export function addStart(program: Command): void {
  const command = program
    .command('start')
    .description('capture in running pods, or change what they capture, by their annotations; nothing restarts')
    .argument('[POD|TYPE/NAME]', "a pod's name, or a workload or Service as kubectl takes it: deploy/web");
  addStartStopFlags(addSettingFlags(command, ['state']))
    .addHelpText(
      'after',
      "\nA setting that no flag names stays as it is; an empty value, --filter '', goes back to the default.",
    )
    .action(async (name: string | undefined, flags: StartStopFlags & Readonly<Record<string, unknown>>) => {
      const settings = settingsOfFlags(flags);
      const { runStartOrStop } = await import('../shared/startOrStop.ts');
      await runStartOrStop(name, flags, { state: 'running', ...settings });
    });
}
