import { Option, type Command } from 'commander';
import { clusterFlagKinds, type ClusterFlagName, type ClusterFlags } from '../../kubernetes/clusterFlags.ts';

/** Flags of kubectl, which are passed on to it. */
export interface ConnectionFlags extends ClusterFlags {
  readonly namespace?: string;
}

/** Adds the flags for the cluster and the namespace, with kubectl's names. */
export function addConnectionFlags(command: Command): Command {
  return addClusterFlags(command.option('-n, --namespace <NAMESPACE>', "the namespace (default: the context's)"));
}

/** Help for the flags that it lists; kubectl's other flags are accepted too. */
const texts: Partial<Record<ClusterFlagName, readonly [flags: string, text: string]>> = {
  context: ['--context <NAME>', "the context in kubectl's configuration"],
  kubeconfig: ['--kubeconfig <FILE>', "kubectl's configuration"],
  cluster: ['--cluster <NAME>', 'the cluster in that configuration'],
  user: ['--user <NAME>', 'the user in that configuration'],
  server: ['-s, --server <URL>', 'the address of the API server'],
  token: ['--token <TOKEN>', 'the bearer token'],
  as: ['--as <USER>', 'act as this user; also --as-group, --as-uid, --as-user-extra'],
  'request-timeout': ['--request-timeout <DURATION>', 'the limit for each request to the API server'],
};

const hidden: Partial<Record<ClusterFlagName, string>> = { v: '-v, --v <LEVEL>' };

/** kubectl's global flags, without `--namespace`. */
export function addClusterFlags(command: Command): Command {
  for (const [name, kind] of Object.entries(clusterFlagKinds) as [ClusterFlagName, string][]) {
    const shown = texts[name];
    const flags = shown?.[0] ?? hidden[name] ?? `--${name}${kind === 'boolean' ? '' : ' <VALUE>'}`;
    const option = new Option(flags, shown?.[1] ?? '').helpGroup(
      'All global flags of kubectl work, and are passed on to kubectl and helm:',
    );
    if (shown === undefined) option.hideHelp();
    if (kind === 'list') option.argParser(collect);
    command.addOption(option);
  }
  return command;
}

/** `--flag=true` and `--flag=false` of boolean flags, as kubectl takes them, for commander. */
export function plainBooleans(args: readonly string[]): string[] {
  const end = args.indexOf('--');
  return args.flatMap((arg, index) => {
    const [, name = '', value = ''] = /^--([a-z-]+)=(true|false)$/.exec(arg) ?? [];
    if ((end !== -1 && index > end) || (clusterFlagKinds as Readonly<Record<string, string>>)[name] !== 'boolean')
      return [arg];
    return value === 'true' ? [`--${name}`] : [];
  });
}

/** For flags that may be repeated. Here, because every start loads this file, and little else. */
export function collect(value: string, values: readonly string[] = []): string[] {
  return [...values, value];
}
