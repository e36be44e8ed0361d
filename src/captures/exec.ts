import type { Kubectl, KubectlProcess, KubectlStart, KubectlStartOptions } from '../kubernetes/kubectl.ts';
import type { CapturedPod } from './pods.ts';

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

/**
 * Runs a command in the agent's container to its end; its standard output as text.
 * @param maxBytes the most bytes to read, because the pod is not trusted
 * @throws as Kubectl: CLUSTER_UNREACHABLE after 20 s without an answer, KUBECTL_FAILED when the command's exit code is
 * not 0
 */
export async function outputInPod(
  kubectl: Kubectl,
  pod: ExecTarget,
  argv: readonly string[],
  maxBytes: number,
): Promise<string> {
  return (await kubectl(execArguments(pod, argv), { deadlineSeconds: 20, maxBytes })).stdout;
}

function execArguments(
  { namespace, name, container }: ExecTarget,
  argv: readonly string[],
  flags: readonly string[] = [],
): string[] {
  return ['exec', name, '--namespace', namespace, '--container', container, ...flags, '--', ...argv];
}
