import type { Command } from 'commander';
import { addInstallFlags, type InstallFlags } from '../flags/installFlags.ts';

/** `install`: ways 3 and 4, installs the bundled chart. */
export function addInstall(program: Command): void {
  const command = program
    .command('install')
    .description(
      'install the injector or the policy with helm; an existing release is upgraded and gets exactly these values',
    );
  addInstallFlags(command).action(async (flags: InstallFlags) => {
    const { runInstall } = await import('../shared/installOrUpgrade.ts');
    await runInstall(flags, { valuesMode: 'reset', mustExist: false, rotate: false });
  });
}
