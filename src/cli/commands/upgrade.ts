import type { Command } from 'commander';
import { addInstallFlags, type InstallFlags } from '../flags/installFlags.ts';

interface UpgradeFlags extends InstallFlags {
  readonly resetValues?: boolean;
  readonly rotateCerts?: boolean;
}

/** `upgrade`: ways 3 and 4, a release that is there; its values stay unless others are given. */
export function addUpgrade(program: Command): void {
  const command = program
    .command('upgrade')
    .description('upgrade a release to the chart of this version; its values stay, the given ones go over them')
    .option('--reset-values', 'the given values are all there are')
    .option('--rotate-certs', 'exchange CA and certificate in three steps, without losing a call');
  addInstallFlags(command).action(async (flags: UpgradeFlags) => {
    const { runInstall } = await import('../shared/installOrUpgrade.ts');
    const valuesMode = flags.resetValues === true ? 'reset' : 'keep';
    await runInstall(flags, { valuesMode, mustExist: true, rotate: flags.rotateCerts === true });
  });
}
