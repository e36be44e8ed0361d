import { PassThrough, pipeline, type Readable, type Writable } from 'node:stream';
import { execa, type Result } from 'execa';
import { codedError, type CodedError } from '../errors.ts';
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
  /** Ends kubectl after this time whatever it waits for: `kubectl exec` knows no timeout of requests. */
  readonly deadlineSeconds?: number;
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

/** A kubectl that runs: what it says can be read while it says it. */
export interface KubectlProcess {
  /** Bytes, for `for await` or `pipe`; kubectl waits while nobody reads. */
  readonly stdout: Readable;
  /** Present when it was asked for. */
  readonly stdin?: Writable;
  /** Never rejects. Comes once the process is gone and its output is read. */
  readonly ended: Promise<KubectlEnd>;
  readonly kill: () => void;
}

export interface KubectlEnd {
  /** Of `kubectl exec`: that of the command in the container. Undefined when a signal ended it, or it never started. */
  readonly code: number | undefined;
  readonly stderr: string;
  /** What {@link Kubectl} would have thrown; absent when it ended well. */
  readonly error?: CodedError;
}

export interface KubectlStartOptions {
  /** Default false: its standard input is empty. */
  readonly stdin?: boolean | undefined;
  /**
   * In a process group of its own: Ctrl-C in the terminal does not reach it, and it is not ended with this process.
   * Default false.
   */
  readonly detached?: boolean | undefined;
}

/** Starts kubectl with these arguments, behind those of the connection. Its requests may take as long as they take. */
export type KubectlStart = (args: readonly string[], options?: KubectlStartOptions) => KubectlProcess;

/** 1 GiB: a list of some thousand pods is larger than what execa keeps by default. */
const maxBuffer = 1024 ** 3;

/**
 * kubectl for one cluster. This is the only place that starts it: arguments go as a list, never through a shell, and
 * nothing secret may be among them, since every user of the machine can read them.
 */
export function makeKubectl(connection: KubectlConnection): Kubectl {
  const { program, flags } = commandOf(connection);
  return async (args, { input, timeoutSeconds = 15, deadlineSeconds } = {}) => {
    const result = await execa(program, [...flags, `--request-timeout=${timeoutSeconds}s`, ...args], {
      ...(input === undefined ? { stdin: 'ignore' } : { input }),
      ...(connection.signal === undefined ? {} : { cancelSignal: connection.signal }),
      ...(deadlineSeconds === undefined ? {} : { timeout: deadlineSeconds * 1000 }),
      reject: false,
      maxBuffer,
    });
    const { stdout, stderr } = result;
    const error = failureOf(program, args, result, stderr);
    if (error !== undefined) throw error;
    return { stdout, stderr };
  };
}

/** As {@link makeKubectl}, for what is read while it comes. */
export function makeKubectlStart(connection: KubectlConnection): KubectlStart {
  const { program, flags } = commandOf(connection);
  return (args, { stdin = false, detached = false } = {}) => {
    const running = execa(program, [...flags, '--request-timeout=0', ...args], {
      stdin: stdin ? 'pipe' : 'ignore',
      detached,
      ...(connection.signal === undefined ? {} : { cancelSignal: connection.signal }),
      reject: false,
      buffer: { stdout: false, stderr: true },
    });
    // Read from the first moment: Node throws away what a process has left unread when it exits.
    const stdout = new PassThrough();
    stdout.on('error', () => undefined);
    pipeline(running.stdout, stdout, () => undefined);
    const ended = running.then((result): KubectlEnd => {
      const { stderr } = result;
      const error = failureOf(program, args, result, stderr);
      return { code: result.exitCode, stderr, ...(error === undefined ? {} : { error }) };
    });
    return {
      stdout,
      ...(running.stdin === null ? {} : { stdin: running.stdin }),
      ended,
      kill: () => void running.kill(),
    };
  };
}

function commandOf(connection: KubectlConnection): { readonly program: string; readonly flags: readonly string[] } {
  const flags = (['kubeconfig', 'context', 'namespace'] as const).flatMap((name) => {
    const value = connection[name];
    return value === undefined ? [] : [`--${name}=${value}`];
  });
  return { program: connection.program ?? process.env['KUBECTL'] ?? 'kubectl', flags };
}

type Ended = Pick<Result, 'failed' | 'isCanceled' | 'timedOut' | 'durationMs' | 'signal' | 'code' | 'exitCode'>;

function failureOf(program: string, args: readonly string[], ended: Ended, stderr: string): CodedError | undefined {
  if (!ended.failed) return undefined;
  const where = `kubectl ${args.join(' ')}`;
  // Ctrl-C reaches kubectl by itself too, since both are in the terminal's foreground.
  if (ended.isCanceled || ended.signal === 'SIGINT') return codedError('INTERRUPTED', 'the command was interrupted', { where });
  if (ended.timedOut) {
    return codedError('CLUSTER_UNREACHABLE', `there was no answer within ${Math.floor(ended.durationMs / 1000)}s`, { where });
  }
  if (ended.code === 'ENOENT' || ended.code === 'EACCES') {
    return codedError('KUBECTL_MISSING', `the program "${program}" cannot be started (${ended.code})`, { cause: ended });
  }
  const words = kubectlMessage(stderr) || `exit code ${ended.exitCode ?? 'unknown'}`;
  return codedError(kubectlErrorCode(stderr), words, { where });
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
