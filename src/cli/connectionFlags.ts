import type { Command } from 'commander';

/** kubectl's own flags, handed on to it. */
export interface ConnectionFlags {
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly namespace?: string;
}

/** Adds the flags that say which cluster and namespace are meant, named as kubectl names them. */
export function addConnectionFlags(command: Command): Command {
  return command
    .option('-n, --namespace <NAMESPACE>', "of the object (default: the context's)")
    .option('--context <NAME>', "of kubectl's configuration")
    .option('--kubeconfig <FILE>', "kubectl's configuration");
}
