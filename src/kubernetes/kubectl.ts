import type { Readable, Writable } from 'node:stream';
import { codedError, type CodedError } from '../errors.ts';
import { parseJson } from '../typed.ts';
import type { List } from './api/types.ts';
import { isInterrupted, runChild, silentFailure, startChild, type ChildEnd, type RanChild } from './child.ts';
import type { ClusterFlags } from './clusterFlags.ts';
import { conformAnswer } from './conform.ts';
import { kubectlErrorCode, kubectlMessage } from './kubectlError.ts';
import { kubectlFlags, type KubectlStartup } from './kubectlFlags.ts';
import { programOf } from './programPath.ts';
import { collectWords } from './programWords.ts';

/** The global flags of the command line that are passed on to kubectl. */
export interface KubectlConnection extends ClusterFlags {
  readonly namespace?: string | undefined;
  /** Ends kubectl, for Ctrl-C. */
  readonly signal?: AbortSignal | undefined;
  /** The program: a name on PATH, or a path. By default the environment variable KUBECTL names it, see programOf. */
  readonly program?: string | undefined;
}

/** The options of one call. */
export interface KubectlCall {
  /** The standard input, for `-f -`. */
  readonly input?: string;
  /** How long one request may take; default 15. The user's `--request-timeout` replaces it. */
  readonly timeoutSeconds?: number;
  /** Ends kubectl after this time. `kubectl exec` needs it, because it has no timeout for requests. */
  readonly deadlineSeconds?: number;
  /**
   * Shows nothing of kubectl's output while it runs, because a refusal is a usual answer. Default false: what was shown
   * is not in the message of the error again, so a caller that looks at the message must be quiet.
   */
  readonly quiet?: boolean;
  /**
   * The most bytes of standard output; default 64 MiB. A command that prints more is stopped, because its output may
   * come from a pod.
   */
  readonly maxBytes?: number;
}

/** What kubectl printed. */
export interface KubectlOutput {
  readonly stdout: string;
  /** Warnings of the API server, one on each line. */
  readonly stderr: string;
}

/**
 * Runs kubectl once, with these arguments after those of the connection: the last `--namespace` wins.
 * @throws KUBECTL_MISSING, CLUSTER_UNREACHABLE, NOT_FOUND, CONFLICT, FORBIDDEN, POD_SECURITY, ADMISSION_DENIED,
 * INTERRUPTED, ANSWER_TOO_LARGE, KUBECTL_FAILED with kubectl's message
 */
export type Kubectl = (args: readonly string[], call?: KubectlCall) => Promise<KubectlOutput>;

/** A running kubectl, whose output can be read as it comes. */
export interface KubectlProcess {
  /** Bytes, for `for await` or `pipe`. When nobody reads them, kubectl waits. */
  readonly stdout: Readable;
  /** Present if the options ask for it. */
  readonly stdin?: Writable;
  /** Never rejects. Resolves when the process has ended and its output is read. */
  readonly ended: Promise<KubectlEnd>;
  readonly kill: () => void;
}

/** How a started kubectl ended. */
export interface KubectlEnd {
  /**
   * The exit code; for `kubectl exec` that of the command in the container. Undefined after a signal or a failed start.
   */
  readonly code: number | undefined;
  readonly stderr: string;
  /** The error that {@link Kubectl} would have thrown; absent after a success. */
  readonly error?: CodedError;
}

/** How kubectl is started. */
export interface KubectlStartOptions {
  /** Whether its standard input can be written. Default false: it is empty. */
  readonly stdin?: boolean | undefined;
  /**
   * Whether it runs in a new process group: Ctrl-C in the terminal does not reach it, and it does not end with this
   * process. Default false.
   */
  readonly detached?: boolean | undefined;
  /** How long it may take to end after SIGTERM, in milliseconds; then it is killed. Default 5000. */
  readonly killAfterMs?: number | undefined;
  /** Gets its standard error as it comes, too. */
  readonly onStderr?: ((bytes: Buffer) => void) | undefined;
}

/** Starts kubectl, with these arguments after those of the connection. Its requests have no time limit. */
export type KubectlStart = (args: readonly string[], options?: KubectlStartOptions) => KubectlProcess;

/** The most bytes of one answer. An object has at most 1.5 MiB (etcd); long lists are read in pages, see pages.ts. */
const defaultMaxBytes = 64 * 1024 ** 2;

/**
 * kubectl for one cluster. It runs without a shell. No argument may be secret, because every user of the machine can
 * read arguments. What kubectl prints while it waits, for example that its user must sign in, is shown on standard
 * error; the output of a command in a pod is not.
 */
export function makeKubectl(connection: KubectlConnection): Kubectl {
  return async (
    args,
    { input, timeoutSeconds = 15, deadlineSeconds, maxBytes = defaultMaxBytes, quiet = false } = {},
  ) => {
    const { argv, flags, env } = commandOf(connection);
    const timeout = connection.requestTimeout ?? `${timeoutSeconds}s`;
    const ran = await runChild([...argv, ...flags, `--request-timeout=${timeout}`, ...args], {
      input,
      env,
      maxBytes,
      mayAsk: args[0] !== 'exec' && !quiet,
      signal: connection.signal,
      deadlineMs: deadlineSeconds === undefined ? undefined : deadlineSeconds * 1000,
    });
    const { stdout, stderr } = ran;
    const error = failureOf(argv, args, { ...ran, maxBytes }, connection.signal);
    if (error !== undefined) throw error;
    return { stdout, stderr };
  };
}

/** The same as {@link makeKubectl}, for output that is read as it comes. */
export function makeKubectlStart(connection: KubectlConnection): KubectlStart {
  return (args, { stdin = false, detached = false, killAfterMs, onStderr } = {}) => {
    const { argv, flags, env } = commandOf(connection);
    const child = startChild([...argv, ...flags, '--request-timeout=0', ...args], {
      stdin: stdin ? 'pipe' : 'ignore',
      detached,
      killAfterMs,
      env,
      signal: connection.signal,
    });
    const words = collectWords(undefined);
    child.stderr.on('data', words.add);
    if (onStderr !== undefined) child.stderr.on('data', onStderr);
    const ended = child.ended.then((end): KubectlEnd => {
      const { all, unseen } = words.end();
      const error = failureOf(argv, args, { ...end, stderr: all, unseen }, connection.signal);
      return { code: end.exitCode, stderr: all, ...(error === undefined ? {} : { error }) };
    });
    return {
      stdout: child.stdout,
      ...(child.stdin === undefined ? {} : { stdin: child.stdin }),
      ended,
      kill: () => child.stop('no longer wanted'),
    };
  };
}

interface Command extends KubectlStartup {
  /** The program and its first arguments. */
  readonly argv: readonly string[];
}

function commandOf(connection: KubectlConnection): Command {
  const { program, namespace } = connection;
  const argv = program === undefined ? programOf('KUBECTL', process.env['KUBECTL'], 'kubectl') : [program];
  return { argv, ...kubectlFlags(connection, namespace, process.env) };
}

type Ended = ChildEnd & Pick<RanChild, 'stderr' | 'unseen'> & { readonly maxBytes?: number };

function failureOf(
  argv: readonly string[],
  args: readonly string[],
  ended: Ended,
  signal: AbortSignal | undefined,
): CodedError | undefined {
  const { exitCode, stoppedFor, startError, stderr, unseen } = ended;
  if (exitCode === 0 && stoppedFor === undefined) return undefined;
  const where = commandName(args);
  if (isInterrupted(ended, signal)) return codedError('INTERRUPTED', 'the command was interrupted', { where });
  if (stoppedFor === 'deadline') {
    return codedError('CLUSTER_UNREACHABLE', `there was no answer within ${Math.floor(ended.durationMs / 1000)}s`, {
      where,
    });
  }
  if (stoppedFor === 'too much output') {
    return codedError(
      'ANSWER_TOO_LARGE',
      `the answer is larger than what is read (${((ended.maxBytes ?? 0) / 1024 ** 2).toFixed(1)}Mi)`,
      { where },
    );
  }
  if (startError !== undefined) {
    // Without a cause: Node's error may contain the input, and the input may contain Secrets.
    return codedError('KUBECTL_MISSING', `the program "${argv[0] ?? ''}" cannot be started (${startError})`);
  }
  return codedError(kubectlErrorCode(stderr), kubectlMessage(unseen) || silentFailure(ended), { where });
}

/** The command, for messages. Of a command in a pod only the name, because its arguments may be a whole script. */
function commandName(args: readonly string[]): string {
  const end = args.indexOf('--');
  const shown = end === -1 ? args : args.slice(0, end + 2);
  return ['kubectl', ...shown.map((arg) => (arg.length > 200 ? `${arg.slice(0, 200)}…` : arg))]
    .join(' ')
    .replaceAll(/\s+/g, ' ');
}

/** Runs kubectl and reads its standard output as JSON; `-o json` is added. */
export async function kubectlJson<T>(kubectl: Kubectl, args: readonly string[], call?: KubectlCall): Promise<T> {
  const { stdout } = await kubectl([...args, '-o', 'json'], call);
  return parseAnswer(stdout, args) as T;
}

/** The same for a list of objects: its items. */
export async function kubectlItems<T>(
  kubectl: Kubectl,
  args: readonly string[],
  call?: KubectlCall,
): Promise<readonly T[]> {
  return itemsOfAnswer<T>(await kubectlJson(kubectl, args, call));
}

/** The items of a list, or the one object. */
export function itemsOfAnswer<T>(answer: T | List<T>): readonly T[] {
  return 'items' in (answer as object) ? (answer as List<T>).items : [answer as T];
}

/**
 * The objects of an answer in JSON, with members of the right types, see conform.ts.
 * @throws KUBECTL_FAILED when it is not JSON, for example because a wrapper of kubectl printed something else
 */
export function parseAnswer(stdout: string, args: readonly string[]): unknown {
  const answer = conformAnswer(parseJson(stdout));
  if (answer === undefined)
    throw codedError('KUBECTL_FAILED', 'the answer is not an object in JSON', { where: commandName(args) });
  return answer;
}

/** The warnings of the API server in kubectl's standard error, without the prefix `Warning: `. */
export function kubectlWarnings(stderr: string): string[] {
  return stderr
    .split('\n')
    .flatMap((line) => (line.startsWith('Warning: ') ? [line.slice('Warning: '.length).trim()] : []));
}
