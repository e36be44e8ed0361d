import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { inPrivateFile } from './privateFile.ts';
import { collectWords } from './programWords.ts';

/** How a child process is started. */
export interface ChildOptions {
  /** `ignore`: it is empty; `inherit`: this process' own, for a program that asks its user. */
  readonly stdin: 'ignore' | 'pipe' | 'inherit';
  /** Ends it, for Ctrl-C. */
  readonly signal?: AbortSignal | undefined;
  /** Ends it after this time, whatever it waits for. */
  readonly deadlineMs?: number | undefined;
  /** Over those of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What it may take to end by itself before it is killed. */
  readonly killAfterMs?: number | undefined;
  /** Ctrl-C in the terminal does not reach it. */
  readonly detached?: boolean | undefined;
}

/** How a child process ended. */
export interface ChildEnd {
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** Why it was ended from here; undefined when it ended by itself. */
  readonly stoppedFor: StopReason | undefined;
  /** ENOENT or EACCES: it never started. */
  readonly startError: string | undefined;
  readonly durationMs: number;
}

export type StopReason = 'interrupted' | 'deadline' | 'too much output' | 'no longer wanted';

export interface Child {
  /** Present for `pipe`. */
  readonly stdin: Writable | undefined;
  /** Bytes; the process waits while nobody reads. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Never rejects. Comes once the process is gone and its output is closed. */
  readonly ended: Promise<ChildEnd>;
  /** Ends it with its own child processes: politely first, then by force. */
  readonly stop: (reason: StopReason) => void;
}

/** What is left of a group once its first process is gone. */
const leftOverMs = 1000;

/** Groups of processes that are to end with this process. */
const groups = new Set<number>();

/**
 * Starts a program. Arguments go as a list, never through a shell.
 *
 * Where there is a terminal, the child stays in its foreground: it may ask its user, and Ctrl-C reaches it and what it
 * has started. Where there is none, or with `detached`, it leads a process group of its own, so that a wrapper
 * (`minikube kubectl --`) and a credential plugin end with it.
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
      // What it has started may hold its output open.
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

export interface RunOptions extends Omit<ChildOptions, 'stdin' | 'detached'> {
  /** For its standard input; with a terminal it goes by a private file, so that the program can still ask. */
  readonly input?: string | undefined;
  /** Bytes of standard output that are read at most; then it is ended. */
  readonly maxBytes: number;
  /** It may ask its user: what it says is shown while it waits. */
  readonly mayAsk: boolean;
}

export interface RanChild extends ChildEnd {
  readonly stdout: string;
  readonly stderr: string;
  /** What of standard error the user has not seen yet. */
  readonly unseen: string;
}

/** Runs a program to its end. Never rejects for what the program does. */
export async function runChild(argv: readonly string[], options: RunOptions): Promise<RanChild> {
  const interactive = options.mayAsk && process.stdin.isTTY && process.stderr.isTTY;
  if (!interactive) return runOnce(argv, options, false);
  // Several programs at a time would all ask to sign in; the first one leaves a token behind for the others.
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

/** `-f -` becomes `-f FILE`: with a pipe as its standard input no program can ask. */
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
 * Whether Ctrl-C ended it: by way of this process, or by itself, where both are in the terminal's foreground; by then
 * it may have taken the signal for a failure.
 */
export function isInterrupted({ stoppedFor, signal }: ChildEnd, interruption: AbortSignal | undefined): boolean {
  return stoppedFor === 'interrupted' || signal === 'SIGINT' || interruption?.aborted === true;
}

/** The message for a failure whose words the user has seen already, or that had none. */
export function silentFailure({ exitCode, stderr }: Pick<RanChild, 'exitCode' | 'stderr'>): string {
  const code = `exit code ${exitCode ?? 'unknown'}`;
  return stderr.trim() === '' ? code : `${code}; its words are above`;
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

/** Reads from the first moment: Node throws away what a process has left unread when it exits. */
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
    // It is gone.
  }
}
