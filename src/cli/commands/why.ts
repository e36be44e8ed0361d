import { Option, type Command } from 'commander';
import { addConnectionFlags, type ConnectionFlags } from '../connectionFlags.ts';

/** `why POD|TYPE/NAME`: the conditions of an injection, one by one. */
export function addWhy(program: Command): void {
  const command = program
    .command('why')
    .description('say why a pod, or the pods of a workload, are injected or not, and what to do; nothing is changed')
    .argument('<POD|TYPE/NAME>', "a pod's name, or a workload as kubectl takes it: deploy/web");
  addConnectionFlags(command)
    .addOption(new Option('-o, --output <FORMAT>', 'json: for programs').choices(['json']))
    .addHelpText('after', '\nExit codes: 0 it is or would be injected, 1 it is not, 2 wrong usage.')
    .action(async (target: string, flags: ConnectionFlags & { readonly output?: 'json' }) => {
      const { runWhy } = await import('../diagnosisWhy.ts');
      await runWhy(target, flags);
    });
}
