import type { Command } from 'commander';
import { addReleaseFlags, type ReleaseFlags } from '../releaseFlags.ts';

/** `uninstall`: ways 3 and 4, a release and all that it has set. */
export function addUninstall(program: Command): void {
  const command = program.command('uninstall').description('remove a release, and look whether anything of it is left');
  addReleaseFlags(command).action(async (flags: ReleaseFlags) => {
    const { runUninstall } = await import('../uninstallRun.ts');
    await runUninstall(flags);
  });
}
