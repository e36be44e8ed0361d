import { codedError } from '../../errors.ts';
import { isInterrupted, runChild, silentFailure } from '../../kubernetes/child.ts';
import { programOf } from '../../kubernetes/programPath.ts';
import type { HelmStartup } from './helmConnection.ts';
import { helmErrorCode, helmMessage } from './helmError.ts';
import { checkHelmVersion, type HelmVersion } from './helmVersion.ts';

/** Which helm is called, and with which cluster and namespace. */
export interface HelmConnection extends HelmStartup {
  readonly namespace: string;
  /** The program, a name on PATH or a path; by default the environment variable HELM. */
  readonly program?: string | undefined;
}

/** What one call has beyond its arguments. */
export interface HelmCall {
  /** The standard input, for `--values=-`. */
  readonly input?: string | undefined;
  /** Ends the running helm after Ctrl-C, by SIGTERM: helm then still records the state of the release. */
  readonly signal?: AbortSignal | undefined;
}

/** A helm whose version was read and is supported. */
export interface Helm {
  readonly program: string;
  readonly version: HelmVersion;
  /** The namespace of the release. */
  readonly namespace: string;
  /**
   * Runs helm once with the flags of the connection and these arguments; returns its standard output.
   * @throws NOT_FOUND (of a release), CLUSTER_UNREACHABLE, INTERRUPTED, HELM_FAILED with helm's message
   */
  readonly run: (args: readonly string[], call?: HelmCall) => Promise<string>;
}

/** 256 MiB: a release as JSON has the whole chart, of which Helm stores at most 1 MiB, compressed. */
const maxBytes = 256 * 1024 ** 2;

/** Milliseconds for helm to record an interruption before it is killed. */
const killAfterMs = 30_000;

/**
 * Helm for one cluster and namespace. This is the only place that starts it: arguments are passed as a list, never
 * through a shell. Every user of the machine can read them, so they have no secrets: keys are passed by standard input.
 * @throws HELM_MISSING, HELM_UNSUPPORTED
 */
export async function openHelm(connection: HelmConnection): Promise<Helm> {
  const argv = connection.program === undefined ? programOf('HELM', process.env['HELM'], 'helm') : [connection.program];
  const program = argv.join(' ');
  const { namespace, env } = connection;
  const flags = [...connection.flags, `--namespace=${namespace}`];
  const printed = await runHelm(argv, ['version', '--template={{.Version}}'], env, {});
  const version = checkHelmVersion(printed, program);
  const run = async (args: readonly string[], call: HelmCall = {}): Promise<string> =>
    runHelm(argv, [...args, ...flags], env, call);
  return { program, version, namespace, run };
}

async function runHelm(
  argv: readonly string[],
  args: readonly string[],
  env: HelmStartup['env'],
  { input, signal }: HelmCall,
): Promise<string> {
  const ran = await runChild([...argv, ...args], { input, signal, env, killAfterMs, maxBytes, mayAsk: true });
  if (ran.exitCode === 0 && ran.stoppedFor === undefined) return ran.stdout;
  const where = `helm ${args[0] ?? ''} ${args[1]?.startsWith('-') === false ? args[1] : ''}`.trim();
  // Without a cause, because Node's error may contain the input, which has keys.
  if (ran.startError !== undefined) {
    throw codedError('HELM_MISSING', `the program "${argv[0] ?? ''}" cannot be started (${ran.startError})`);
  }
  if (isInterrupted(ran, signal)) throw codedError('INTERRUPTED', 'the command was interrupted', { where });
  if (ran.stoppedFor !== undefined) throw codedError('HELM_FAILED', 'the output is too large', { where });
  throw codedError(helmErrorCode(ran.stderr), helmMessage(ran.unseen) || silentFailure(ran), { where });
}
