import { constants } from 'node:os';

/** Signals by which users, shells and supervisors end a command. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

let interrupted: AbortController | undefined;
let received: (typeof signals)[number] | undefined;

/**
 * Ends with Ctrl-C or a polite kill. The same for the whole process: whatever the command then returns or throws, its
 * exit code is {@link interruptedExitCode}.
 */
export function interruption(): AbortSignal {
  if (interrupted !== undefined) return interrupted.signal;
  const controller = new AbortController();
  interrupted = controller;
  for (const signal of signals) {
    // Not `once`: execa ends a process on which nobody listens any more, before it has said how things stand.
    process.on(signal, () => {
      received ??= signal;
      controller.abort();
    });
  }
  return controller.signal;
}

/**
 * What shells give for a command that a signal has ended: 128 and its number, so 130 after Ctrl-C and 143 after SIGTERM.
 * Undefined when none came.
 */
export function interruptedExitCode(): number | undefined {
  return received === undefined ? undefined : 128 + constants.signals[received];
}
