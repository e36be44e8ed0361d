import type { Command } from 'commander';
import { addChangeFlags, changeOptions, printChange, type ChangeFlags } from '../flags/changeFlags.ts';
import { addConnectionFlags } from '../flags/connectionFlags.ts';
import { sidecarOfFlags, type SidecarFlags } from '../flags/sidecarFlags.ts';

/** `unpatch TYPE/NAME`: the inverse of `patch`. */
export function addUnpatch(program: Command): void {
  const command = program
    .command('unpatch')
    .description('take the sidecar out of a workload in the cluster; its pods restart')
    .argument('<TYPE/NAME>', 'as kubectl takes it')
    .option('--sidecar-config <FILE>', 'the sidecar of your own that was added with this file');
  addChangeFlags(addConnectionFlags(command)).action(async (target: string, flags: ChangeFlags & SidecarFlags) => {
    const config = await sidecarOfFlags(flags);
    const { unpatchWorkload } = await import('../../ways/patch/patchWorkload.ts');
    printChange(await unpatchWorkload({ ...(await changeOptions(target, flags)), config }), flags.output);
  });
}
