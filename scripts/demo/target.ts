import { execa } from 'execa';
import { clusterEnvironment } from '../cluster/kubectl.ts';
import { inNetns } from '../cluster/machine.ts';
import type { ClusterHandle } from '../cluster/paths.ts';
import { stderrProgress } from '../cluster/progress.ts';
import { ensureHelm } from '../cluster/tools.ts';

/** The cluster that the demo runs on. */
export interface Target {
  /** Runs a program where the API server can be reached; its standard output. */
  readonly run: (argv: readonly string[], input?: string) => Promise<string>;
  /** The same for kubectl. */
  readonly kubectl: (args: readonly string[], input?: string) => Promise<string>;
  /** `kubectl …`, as the user would type it. */
  readonly shown: string;
}

/** The node of this repository: reached from within its network namespace. */
export async function ownNode(handle: ClusterHandle, signal: AbortSignal): Promise<Target> {
  const env: Record<string, string> = {
    ...(await clusterEnvironment(handle)),
    HELM: await ensureHelm(4, stderrProgress),
  };
  const run: Target['run'] = async (argv, input) => execute(inNetns(handle.netns, argv), env, signal, input);
  return {
    run,
    kubectl: async (args, input) => run([env['KUBECTL'] ?? 'kubectl', ...args], input),
    shown: `npm run -s cluster -- --name ${handle.name} kubectl`,
  };
}

/** A cluster of the user's own, by a context of kubectl's configuration. */
export function userContext(context: string, signal: AbortSignal): Target {
  const program = process.env['KUBECTL'] ?? 'kubectl';
  return {
    run: async (argv, input) => execute(argv, {}, signal, input),
    kubectl: async (args, input) => execute([program, '--context', context, ...args], {}, signal, input),
    shown: `kubectl --context ${context}`,
  };
}

async function execute(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
  input?: string,
): Promise<string> {
  const [file = '', ...args] = argv;
  const { stdout } = await execa(file, args, {
    env,
    cancelSignal: signal,
    stderr: ['pipe', 'inherit'],
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
  });
  return stdout;
}
