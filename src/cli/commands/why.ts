import { Option, type Command } from 'commander';
import { formatWhy, states, whyInjected } from '../../diagnosis/index.ts';
import { clusterFlagsOf } from '../../kubernetes/clusterFlags.ts';
import { makeKubectl } from '../../kubernetes/kubectl.ts';
import { addConnectionFlags, type ConnectionFlags } from '../flags/connectionFlags.ts';
import { interruption } from '../io/interruption.ts';
import { print, printJson } from '../io/output.ts';

/** `why POD|TYPE/NAME`: lists the conditions of an injection. */
export function addWhy(program: Command): void {
  const command = program
    .command('why')
    .description('explain why a pod, or the pods of a workload, are injected or not, and what to do; changes nothing')
    .argument('<POD|TYPE/NAME>', "a pod's name, or a workload as kubectl takes it: deploy/web");
  addConnectionFlags(command)
    .addOption(new Option('-o, --output <FORMAT>', 'json: for programs').choices(['json']))
    .addHelpText('after', '\nExit codes: 0 it is or would be injected, 1 it is not, 2 wrong usage.')
    .action(async (target: string, flags: ConnectionFlags & { readonly output?: 'json' }) => {
      await runWhy(target, flags);
    });
}

/** `why`: prints the explanation to standard output. */
export async function runWhy(target: string, flags: ConnectionFlags & { readonly output?: 'json' }): Promise<void> {
  const { namespace, output } = flags;
  const kubectl = makeKubectl({ ...clusterFlagsOf(flags), namespace, signal: interruption() });
  const result = await whyInjected({ target, kubectl, now: new Date() });
  if (output === 'json') printJson(result);
  else print(formatWhy(result));
  process.exitCode = states[result.state].exit;
}
