import { execa } from 'execa';
import { codedError } from '../errors.ts';
import { kubectlErrorCode, kubectlMessage } from './kubectlError.ts';

export interface KubectlConnection {
  /** `--context`, `--namespace`, `--kubeconfig` of the command line, handed on as they are. */
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
  readonly kubeconfig?: string | undefined;
  /** Ends the running kubectl, for Ctrl-C. */
  readonly signal?: AbortSignal | undefined;
  /** The program, a name on PATH or a path; by default what the environment variable KUBECTL says. */
  readonly program?: string | undefined;
}

export interface KubectlCall {
  /** For `-f -`. */
  readonly input?: string;
  /** How long the API server may take for one request; default 15. */
  readonly timeoutSeconds?: number;
}

export interface KubectlOutput {
  readonly stdout: string;
  /** Warnings of the API server, one a line, as kubectl prints them on success. */
  readonly stderr: string;
}

/**
 * Runs kubectl once with these arguments, behind those of the connection: a later `--namespace` wins.
 * @throws KUBECTL_MISSING, CLUSTER_UNREACHABLE, NOT_FOUND, CONFLICT, INTERRUPTED, KUBECTL_FAILED with kubectl's words
 */
export type Kubectl = (args: readonly string[], call?: KubectlCall) => Promise<KubectlOutput>;

/** 1 GiB: a list of some thousand pods is larger than what execa keeps by default. */
const maxBuffer = 1024 ** 3;

/**
 * kubectl for one cluster. This is the only place that starts it: arguments go as a list, never through a shell, and
 * nothing secret may be among them, since every user of the machine can read them.
 */
export function makeKubectl(connection: KubectlConnection): Kubectl {
  const program = connection.program ?? process.env['KUBECTL'] ?? 'kubectl';
  const flags = (['kubeconfig', 'context', 'namespace'] as const).flatMap((name) => {
    const value = connection[name];
    return value === undefined ? [] : [`--${name}=${value}`];
  });
  return async (args, { input, timeoutSeconds = 15 } = {}) => {
    const result = await execa(program, [...flags, `--request-timeout=${timeoutSeconds}s`, ...args], {
      ...(input === undefined ? { stdin: 'ignore' } : { input }),
      ...(connection.signal === undefined ? {} : { cancelSignal: connection.signal }),
      reject: false,
      maxBuffer,
    });
    const { stdout, stderr } = result;
    if (!result.failed) return { stdout, stderr };
    const where = `kubectl ${args.join(' ')}`;
    // Ctrl-C reaches kubectl by itself too, since both are in the terminal's foreground.
    if (result.isCanceled || result.signal === 'SIGINT')
      throw codedError('INTERRUPTED', 'the command was interrupted', { where });
    if (result.code === 'ENOENT' || result.code === 'EACCES') {
      throw codedError('KUBECTL_MISSING', `the program "${program}" cannot be started (${result.code})`, {
        cause: result,
      });
    }
    throw codedError(kubectlErrorCode(stderr), kubectlMessage(stderr) || `exit code ${result.exitCode ?? 'unknown'}`, {
      where,
    });
  };
}

/** Runs kubectl and reads its standard output as JSON; `-o json` is added. */
export async function kubectlJson<T>(kubectl: Kubectl, args: readonly string[], call?: KubectlCall): Promise<T> {
  const { stdout } = await kubectl([...args, '-o', 'json'], call);
  return JSON.parse(stdout) as T;
}

/** The warnings of the API server in kubectl's standard error, without its `Warning:`. */
export function kubectlWarnings(stderr: string): string[] {
  return stderr
    .split('\n')
    .flatMap((line) => (line.startsWith('Warning: ') ? [line.slice('Warning: '.length).trim()] : []));
}
