import { Option, type Command } from 'commander';
import type { PodSecurityLevel } from '../../inject/index.ts';
import { addAmountFlags, amountsOfFlags } from '../flags/amountFlags.ts';
import { addChangeFlags, changeOptions, printChange, type ChangeFlags } from '../flags/changeFlags.ts';
import { addConnectionFlags } from '../flags/connectionFlags.ts';
import { addSettingFlags, settingsOfFlags } from '../flags/settingFlags.ts';
import {
  addSidecarFlags,
  imageProblem,
  namesSidecar,
  refuseByPlatform,
  refuseLargeRing,
  refuseWithCustomSidecar,
  sidecarOfFlags,
  type SidecarFlags,
} from '../flags/sidecarFlags.ts';

interface Flags extends ChangeFlags, SidecarFlags, Readonly<Record<string, unknown>> {
  readonly podSecurity?: PodSecurityLevel;
}

/** `patch TYPE/NAME`: way 2, adds the sidecar to a workload in the cluster. */
export function addPatch(program: Command): void {
  const command = program
    .command('patch')
    .description('add the sidecar to a workload in the cluster, or change its settings; its pods restart')
    .argument('<TYPE/NAME>', 'as kubectl takes it: deploy/web, statefulset/db')
    .addOption(
      new Option(
        '--pod-security <LEVEL>',
        'the level that the namespace enforces (default: its label, otherwise privileged)',
      ).choices(['privileged', 'baseline', 'restricted']),
    );
  addAmountFlags(addSettingFlags(addSidecarFlags(addChangeFlags(addConnectionFlags(command))))).action(
    async (target: string, flags: Flags) => {
      const settings = settingsOfFlags(flags);
      const amounts = amountsOfFlags(flags);
      const config = await sidecarOfFlags(flags);
      refuseWithCustomSidecar(config, settings, amounts);
      refuseLargeRing(config, settings);
      refuseByPlatform(config, settings);
      const problem = imageProblem(config);
      if (problem !== undefined) throw problem;
      const { addSidecar } = await import('../../ways/patch/addSidecar.ts');
      const renew = namesSidecar(flags);
      const options = { config, settings, amounts, renew, podSecurity: flags.podSecurity };
      const result = await addSidecar({ ...(await changeOptions(target, flags)), ...options });
      printChange(result, flags.output);
    },
  );
}
