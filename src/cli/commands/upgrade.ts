import type { Command } from 'commander';
import { addInstallFlags, type InstallFlags } from '../flags/installFlags.ts';

interface UpgradeFlags extends InstallFlags {
  readonly resetValues?: boolean;
  readonly rotateCerts?: boolean;
}

/** `upgrade`: ways 3 and 4, upgrades a release; its values stay unless others are given. */
export function addUpgrade(program: Command): void {
  const command = program
    .command('upgrade')
    .description('upgrade a release to the chart of this version; given values replace its own, the others stay')
    .option('--reset-values', 'drop the values of the release')
    .option('--rotate-certs', 'replace CA and certificate in three steps, so that no call fails');
  addInstallFlags(command).action(async (flags: UpgradeFlags) => {
    const { runInstall } = await import('../shared/installOrUpgrade.ts');
    const valuesMode = flags.resetValues === true ? 'reset' : 'keep';
    await runInstall(flags, { valuesMode, mustExist: true, rotate: flags.rotateCerts === true });
  });
}
