import type { Command } from 'commander';
import { addStartStopFlags, type StartStopFlags } from '../flags/startStopFlags.ts';

/** `stop POD|TYPE/NAME|-l SELECTOR`: the state `idle`, as an annotation of live pods. */
export function addStop(program: Command): void {
  const command = program
    .command('stop')
    .description('close the capture files of running pods and wait at no cost; nothing restarts, and `start` goes on')
    .argument('[POD|TYPE/NAME]', "a pod's name, or a workload or Service as kubectl takes it: deploy/web");
  addStartStopFlags(command).action(async (name: string | undefined, flags: StartStopFlags) => {
    const { runStartOrStop } = await import('../shared/startOrStop.ts');
    await runStartOrStop(name, flags, { state: 'idle' });
  });
}
