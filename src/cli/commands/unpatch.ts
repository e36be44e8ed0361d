import type { Command } from 'commander';
import { addChangeFlags, changeOptions, printChange, type ChangeFlags } from '../flags/changeFlags.ts';
import { addConnectionFlags } from '../flags/connectionFlags.ts';
import { sidecarOfFlags, type SidecarFlags } from '../flags/sidecarFlags.ts';

/** `unpatch TYPE/NAME`: the inverse of `patch`. */
export function addUnpatch(program: Command): void {
  const command = program
    .command('unpatch')
    .description('remove the sidecar from a workload in the cluster; its pods restart')
    .argument('<TYPE/NAME>', 'as kubectl takes it')
    .option('--sidecar-config <FILE>', 'the file with which a custom sidecar was added');
  addChangeFlags(addConnectionFlags(command)).action(async (target: string, flags: ChangeFlags & SidecarFlags) => {
    const config = await sidecarOfFlags(flags);
    const { removeSidecar } = await import('../../ways/patch/removeSidecar.ts');
    printChange(await removeSidecar({ ...(await changeOptions(target, flags)), config }), flags.output);
  });
}
