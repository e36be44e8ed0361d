import type { Kubectl, KubectlProcess, KubectlStart, KubectlStartOptions } from '../kubernetes/kubectl.ts';
import type { CapturedPod } from './findPods.ts';

/** The container for `kubectl exec`. All three must be given: the default container of a pod is the app's. */
export type ExecTarget = Pick<CapturedPod, 'namespace' | 'name' | 'container'>;

/**
 * Starts a command in the agent's container; its standard output can be read as it arrives. With `stdin`, the command's
 * connection: without, a command that writes nothing outlives both.
 */
export function execInPod(
  start: KubectlStart,
  pod: ExecTarget,
  argv: readonly string[],
  options: KubectlStartOptions = {},
): KubectlProcess {
  return start(execArguments(pod, argv, options.stdin === true ? ['--stdin'] : []), options);
}

/** What the command gets, and how much it may answer. */
export interface OutputOptions {
  /** The most bytes to read, because the pod is not trusted. */
  readonly maxBytes: number;
  /** The command's standard input; without it, there is none. */
  readonly input?: string | undefined;
}

/**
 * Runs a command in the agent's container to its end; its standard output as text.
 * @throws as Kubectl: CLUSTER_UNREACHABLE after 20 s without an answer, KUBECTL_FAILED when the command's exit code is
 * not 0
 */
export async function outputInPod(
  kubectl: Kubectl,
  pod: ExecTarget,
  argv: readonly string[],
  { maxBytes, input }: OutputOptions,
): Promise<string> {
  const args = execArguments(pod, argv, input === undefined ? [] : ['--stdin']);
  const call = { deadlineSeconds: 20, maxBytes, ...(input === undefined ? {} : { input }) };
  return (await kubectl(args, call)).stdout;
}

function execArguments(
  { namespace, name, container }: ExecTarget,
  argv: readonly string[],
  flags: readonly string[] = [],
): string[] {
  return ['exec', name, '--namespace', namespace, '--container', container, ...flags, '--', ...argv];
}
