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

/** kubectl's global flags of the command line, handed on to it. */
export interface KubectlConnection extends ClusterFlags {
  readonly namespace?: string | undefined;
  /** Ends the running kubectl, for Ctrl-C. */
  readonly signal?: AbortSignal | undefined;
  /** The program, a name on PATH or a path; by default what the environment variable KUBECTL says, see programOf. */
  readonly program?: string | undefined;
}

export interface KubectlCall {
  /** For `-f -`. */
  readonly input?: string;
  /** How long the API server may take for one request; default 15. `--request-timeout` of the user goes before it. */
  readonly timeoutSeconds?: number;
  /** Ends kubectl after this time whatever it waits for: `kubectl exec` knows no timeout of requests. */
  readonly deadlineSeconds?: number;
  /** Prints nothing of kubectl's output while it runs: the caller reads a refusal as an answer. Default false. */
  readonly quiet?: boolean;
  /**
   * Bytes of standard output that are read at most; default 64 MiB. A command that prints more is stopped, because a
   * pod may be its source.
   */
  readonly maxBytes?: number;
}

export interface KubectlOutput {
  readonly stdout: string;
  /** Warnings of the API server, one a line, as kubectl prints them on success. */
  readonly stderr: string;
}

/**
 * Runs kubectl once with these arguments, behind those of the connection: a later `--namespace` wins.
 * @throws KUBECTL_MISSING, CLUSTER_UNREACHABLE, NOT_FOUND, CONFLICT, FORBIDDEN, POD_SECURITY, ADMISSION_DENIED,
 * INTERRUPTED, ANSWER_TOO_LARGE, KUBECTL_FAILED with kubectl's words
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

/** Of one answer: an object has 1.5 MiB at most, as etcd stores it; long lists are read in pages, see pages.ts. */
const defaultMaxBytes = 64 * 1024 ** 2;

/**
 * kubectl for one cluster. Arguments go as a list, never through a shell, and nothing secret may be among them, since
 * every user of the machine can read them. What kubectl says while it waits, a credential plugin's request to sign in
 * for example, is shown on standard error; a command in a pod shows nothing there.
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

/** As {@link makeKubectl}, for what is read while it comes. */
export function makeKubectlStart(connection: KubectlConnection): KubectlStart {
  return (args, { stdin = false, detached = false } = {}) => {
    const { argv, flags, env } = commandOf(connection);
    const child = startChild([...argv, ...flags, '--request-timeout=0', ...args], {
      stdin: stdin ? 'pipe' : 'ignore',
      detached,
      env,
      signal: connection.signal,
    });
    const words = collectWords(undefined);
    child.stderr.on('data', words.add);
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
    // Without a cause: what Node has of the call may hold the input, and with it rendered Secrets.
    return codedError('KUBECTL_MISSING', `the program "${argv[0] ?? ''}" cannot be started (${startError})`);
  }
  return codedError(kubectlErrorCode(stderr), kubectlMessage(unseen) || silentFailure(ended), { where });
}

/** What was run, for messages: of a command in a pod its name alone, since its arguments may be a whole script. */
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

/** Those of a list, or the one object. */
export function itemsOfAnswer<T>(answer: T | List<T>): readonly T[] {
  return 'items' in (answer as object) ? (answer as List<T>).items : [answer as T];
}

/**
 * The objects of an answer in JSON, each member of the type by which it is read here.
 * @throws KUBECTL_FAILED for what is not JSON: a program around kubectl has written to its standard output
 */
export function parseAnswer(stdout: string, args: readonly string[]): unknown {
  const answer = conformAnswer(parseJson(stdout));
  if (answer === undefined)
    throw codedError('KUBECTL_FAILED', 'the answer is not an object in JSON', { where: commandName(args) });
  return answer;
}

/** The warnings of the API server in kubectl's standard error, without its `Warning:`. */
export function kubectlWarnings(stderr: string): string[] {
  return stderr
    .split('\n')
    .flatMap((line) => (line.startsWith('Warning: ') ? [line.slice('Warning: '.length).trim()] : []));
}
