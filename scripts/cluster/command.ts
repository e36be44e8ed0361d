import { execa } from 'execa';
import { codedError } from '../../src/errors.ts';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** The codes that are no failure; [0] unless told. */
  readonly exitCodes?: readonly number[];
  readonly timeoutMs?: number;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end.
 * @throws CLUSTER_FAILED with the last lines of its stderr when it cannot be started or ends with another code.
 */
export async function run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const result = await capture(argv, options);
  if ((options.exitCodes ?? [0]).includes(result.exitCode)) return result;
  const lines = `${result.stderr}\n${result.stdout}`
    .trim()
    .split('\n')
    .slice(-15)
    .map((line) => `    ${line}`);
  throw codedError('CLUSTER_FAILED', `\`${printable(argv)}\` ended with code ${result.exitCode}\n${lines.join('\n')}`);
}

/** True when the program can be started and ends with code 0. */
export async function succeeds(argv: readonly string[], options: CommandOptions = {}): Promise<boolean> {
  return (await capture(argv, options)).exitCode === 0;
}

/** Runs a program to its end, whatever its exit code; -1 stands for one that did not start or was killed. */
export async function capture(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [file, ...args] = argv;
  if (file === undefined) throw new Error('a command needs a program');
  const result = await execa(file, args, {
    reject: false,
    maxBuffer: 200 * 1024 * 1024,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
  });
  const notStarted = result.exitCode === undefined ? `${result.shortMessage ?? 'did not start'}\n` : '';
  return {
    exitCode: result.exitCode ?? -1,
    stdout: result.stdout ?? '',
    stderr: `${notStarted}${result.stderr ?? ''}`,
  };
}

/**
 * Wraps a long build so that nothing of it outlives this process, not even after SIGKILL: its processes live in a PID
 * namespace that ends with its first process, its mounts in a mount namespace that ends with them.
 */
export function contained(argv: readonly string[]): string[] {
  return [
    'setpriv',
    '--pdeathsig',
    'KILL',
    'unshare',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    'nice',
    '-n',
    '10',
    ...argv,
  ];
}

function printable(argv: readonly string[]): string {
  const line = argv.join(' ');
  return line.length > 160 ? `${line.slice(0, 157)}...` : line;
}
