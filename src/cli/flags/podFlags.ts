import type { Command } from 'commander';
import { checkPodTarget, type PodTarget } from '../../captures/index.ts';
import { codedError } from '../../errors.ts';
import { addConnectionFlags, type ConnectionFlags } from './connectionFlags.ts';

/** The flags that select pods, next to an argument POD or TYPE/NAME. */
export interface PodFlags extends ConnectionFlags {
  readonly selector?: string;
  readonly allNamespaces?: boolean;
}

/** Adds the flags that choose pods, besides the argument. Without a selection, they mean all captured pods. */
export function addPodFlags(command: Command): Command {
  return addConnectionFlags(command)
    .option('-l, --selector <SELECTOR>', "pods with these labels, as kubectl takes it: 'app=web,tier!=db'")
    .option('-A, --all-namespaces', 'pods of all namespaces');
}

/** @throws USAGE for flags that exclude each other */
export function podTargetOf(name: string | undefined, { selector, allNamespaces, namespace }: PodFlags): PodTarget {
  if (allNamespaces === true && namespace !== undefined) throw codedError('USAGE', '-n and -A exclude each other');
  const target = { name, selector, allNamespaces, namespace };
  checkPodTarget(target);
  return target;
}

/** As {@link podTargetOf}, for commands that need a pod, a workload or labels. @throws USAGE */
export function somePodsOf(name: string | undefined, flags: PodFlags): PodTarget {
  if (name === undefined && flags.selector === undefined) {
    throw codedError('USAGE', 'no pods are named', {
      hint: 'Name a pod, a workload as kubectl does (deploy/web), or labels with -l.',
    });
  }
  return podTargetOf(name, flags);
}
