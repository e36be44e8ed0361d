import type { Command } from 'commander';
import { addStartStopFlags, type StartStopFlags } from '../flags/startStopFlags.ts';

/** `stop POD|TYPE/NAME|-l SELECTOR`: sets the state `idle`, as an annotation of live pods. */
export function addStop(program: Command): void {
  const command = program
    .command('stop')
    .description('stop captures in running pods and close their files; nothing restarts, and `start` continues')
    .argument('[POD|TYPE/NAME]', "a pod's name, or a workload or Service as kubectl takes it: deploy/web");
  addStartStopFlags(command).action(async (name: string | undefined, flags: StartStopFlags) => {
    const { runStartOrStop } = await import('../shared/startOrStop.ts');
    await runStartOrStop(name, flags, { state: 'idle' });
  });
}
