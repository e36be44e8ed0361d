import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { inPrivateFile } from './privateFile.ts';
import { collectWords } from './programWords.ts';

/** How a child process is started. */
export interface ChildOptions {
  /** `ignore`: empty; `inherit`: that of this process, for a program that may ask its user. */
  readonly stdin: 'ignore' | 'pipe' | 'inherit';
  /** Ends the child, for Ctrl-C. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the child after this time. */
  readonly deadlineMs?: number | undefined;
  /** Environment variables, in addition to those of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** How long the child may take to end after SIGTERM; then it is killed. Default 5000. */
  readonly killAfterMs?: number | undefined;
  /** Ctrl-C in the terminal does not reach the child. */
  readonly detached?: boolean | undefined;
}

/** How a child process ended. */
export interface ChildEnd {
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** Why this process ended it; undefined when it ended by itself. */
  readonly stoppedFor: StopReason | undefined;
  /** ENOENT or EACCES: it never started. */
  readonly startError: string | undefined;
  readonly durationMs: number;
}

/** Why a child process was ended. */
export type StopReason = 'interrupted' | 'deadline' | 'too much output' | 'no longer wanted';

/** A child process that runs. */
export interface Child {
  /** Present for `pipe`. */
  readonly stdin: Writable | undefined;
  /** Bytes. When nobody reads them, the process waits. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Never rejects. Resolves when the process has ended and its output is closed. */
  readonly ended: Promise<ChildEnd>;
  /** Ends it and its own child processes: first with SIGTERM, then with SIGKILL. */
  readonly stop: (reason: StopReason) => void;
}

/** How long the other processes of a group may run after the first one has ended. */
const leftOverMs = 1000;

/** The process groups that end with this process. */
const groups = new Set<number>();

/**
 * Starts a program, with a list of arguments and without a shell.
 *
 * With a terminal, the child stays in the foreground: it may ask its user, and Ctrl-C reaches it and its own children.
 * Without one, or with `detached`, it gets a new process group, so that the program behind a wrapper (`minikube kubectl
 * --`) and a credential plugin end with it.
 */
export function startChild(argv: readonly string[], options: ChildOptions): Child {
  const [program = '', ...args] = argv;
  const begun = performance.now();
  const grouped = options.detached === true || !process.stdin.isTTY;
  const child = spawn(program, args, {
    stdio: [options.stdin, 'pipe', 'pipe'],
    detached: grouped,
    ...(options.env === undefined ? {} : { env: { ...process.env, ...options.env } }),
  }) as ChildProcessByStdio<Writable | null, Readable, Readable>;
  const kill = (signal: NodeJS.Signals): void => signalProcess(grouped, child.pid, signal);
  let stoppedFor: StopReason | undefined;
  let killer: NodeJS.Timeout | undefined;
  const stop = (reason: StopReason): void => {
    if (stoppedFor !== undefined || child.pid === undefined) return;
    stoppedFor = reason;
    kill('SIGTERM');
    killer = setTimeout(() => kill('SIGKILL'), options.killAfterMs ?? 5000);
  };
  if (grouped && child.pid !== undefined) groups.add(child.pid);

  const interrupt = (): void => stop('interrupted');
  if (options.signal?.aborted === true) interrupt();
  options.signal?.addEventListener('abort', interrupt);
  const deadline =
    options.deadlineMs === undefined ? undefined : setTimeout(() => stop('deadline'), options.deadlineMs);

  const [stdout, stderr] = [readEarly(child.stdout), readEarly(child.stderr)];
  child.stdin?.on('error', () => undefined);

  const ended = new Promise<ChildEnd>((resolve) => {
    let startError: string | undefined;
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined) startError = error.code ?? error.message;
    });
    child.on('exit', () => {
      if (stoppedFor === undefined) return;
      // A process that the child has started may keep the output open.
      setTimeout(() => {
        if (grouped) kill('SIGKILL');
        child.stdout.destroy();
        child.stderr.destroy();
      }, leftOverMs).unref();
    });
    child.on('close', (exitCode, signal) => {
      options.signal?.removeEventListener('abort', interrupt);
      clearTimeout(deadline);
      clearTimeout(killer);
      stdout.end();
      stderr.end();
      if (child.pid !== undefined) groups.delete(child.pid);
      resolve({
        exitCode: startError === undefined ? (exitCode ?? undefined) : undefined,
        signal: signal ?? undefined,
        stoppedFor,
        startError,
        durationMs: performance.now() - begun,
      });
    });
  });
  return { stdin: child.stdin ?? undefined, stdout, stderr, ended, stop };
}

/** How a program is run to its end. */
export interface RunOptions extends Omit<ChildOptions, 'stdin' | 'detached'> {
  /** Its standard input. With a terminal it is passed in a private file, so that the program can still ask its user. */
  readonly input?: string | undefined;
  /** The most bytes of standard output; a program that prints more is ended. */
  readonly maxBytes: number;
  /** The program may ask its user, so its standard error is shown while it waits. */
  readonly mayAsk: boolean;
}

/** How a program ended, and what it printed. */
export interface RanChild extends ChildEnd {
  readonly stdout: string;
  readonly stderr: string;
  /** The part of standard error that the user has not seen yet. */
  readonly unseen: string;
}

/** Runs a program to its end. It never rejects, also when the program fails. */
export async function runChild(argv: readonly string[], options: RunOptions): Promise<RanChild> {
  const interactive = options.mayAsk && process.stdin.isTTY && process.stderr.isTTY;
  if (!interactive) return runOnce(argv, options, false);
  // Several programs at once would all ask the user to sign in. The first one stores a token for the others.
  const before = firstToAsk;
  if (before !== undefined) await before;
  const running = options.input === undefined ? runOnce(argv, options, true) : withInputFile(argv, options);
  firstToAsk ??= running.then(
    () => undefined,
    () => undefined,
  );
  return running;
}

let firstToAsk: Promise<void> | undefined;

/** `-f -` becomes `-f FILE`, because a program cannot ask its user when its standard input is a pipe. */
async function withInputFile(argv: readonly string[], { input = '', ...options }: RunOptions): Promise<RanChild> {
  return inPrivateFile('input', input, async (file) =>
    runOnce(
      argv.map((arg) => arg.replace(/^(--[a-z-]+=)?-$/, (_, flag: string = '') => `${flag}${file}`)),
      options,
      true,
    ),
  );
}

/**
 * Whether Ctrl-C ended it: through this process, or directly, because both are in the terminal's foreground. In that
 * case the child may report the signal as a failure.
 */
export function isInterrupted({ stoppedFor, signal }: ChildEnd, interruption: AbortSignal | undefined): boolean {
  return stoppedFor === 'interrupted' || signal === 'SIGINT' || interruption?.aborted === true;
}

/** The message about a program that failed, when its own message was shown already or is empty. */
export function silentFailure({ exitCode, stderr }: Pick<RanChild, 'exitCode' | 'stderr'>): string {
  const code = `exit code ${exitCode ?? 'unknown'}`;
  return stderr.trim() === '' ? code : `${code}; its messages are above`;
}

async function runOnce(
  argv: readonly string[],
  { input, maxBytes, mayAsk, ...options }: RunOptions,
  interactive: boolean,
): Promise<RanChild> {
  const stdin = input === undefined ? (interactive ? 'inherit' : 'ignore') : 'pipe';
  const child = startChild(argv, { ...options, stdin });
  const words = collectWords(mayAsk ? (text) => void process.stderr.write(text) : undefined);
  child.stderr.on('data', words.add);
  child.stdin?.end(input);
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) child.stop('too much output');
    else chunks.push(chunk);
  });
  const end = await child.ended;
  const { all, unseen } = words.end();
  return {
    ...end,
    stdout: withoutLastNewline(Buffer.concat(chunks).toString('utf8')),
    stderr: withoutLastNewline(all),
    unseen,
  };
}

function withoutLastNewline(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}

process.on('exit', () => {
  for (const pid of groups) signalProcess(true, pid, 'SIGTERM');
});

/** Reads at once, because Node drops output that is still unread when the process exits. */
function readEarly(stream: Readable): PassThrough {
  const read = new PassThrough();
  read.on('error', () => undefined);
  stream.on('error', () => read.end());
  return stream.pipe(read);
}

function signalProcess(group: boolean, pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(group ? -pid : pid, signal);
  } catch {
    // It has ended.
  }
}
