import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';

export interface MeasuredRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
  /** The most memory that the program had resident, in bytes; its child processes not included. */
  readonly peakBytes: number;
}

/**
 * Runs the program as users start it, and looks at its memory until it ends.
 * @param within makes the command line of a program that becomes this one, in another place (`nsenter`)
 */
export async function measuredRun(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  within: (argv: readonly string[]) => readonly string[] = (argv) => argv,
): Promise<MeasuredRun> {
  const begun = performance.now();
  const [program = '', ...rest] = within([process.execPath, 'bin/packet-capture.js', ...args]);
  const child = spawn(program, rest, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      output[name] += chunk.toString();
    });
  }
  let peakBytes = 0;
  const lookAgain = async (): Promise<void> => {
    const text = await readFile(`/proc/${child.pid ?? 0}/status`, 'utf8').catch(() => '');
    // The kernel's own high-water mark.
    peakBytes = Math.max(peakBytes, Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024);
  };
  const look = setInterval(() => {
    void lookAgain();
  }, 20);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  clearInterval(look);
  return { exitCode, ...output, peakBytes, seconds: (performance.now() - begun) / 1000 };
}
