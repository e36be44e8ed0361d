import { constants } from 'node:os';

/** Signals by which users, shells and supervisors end a command. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

let interrupted: AbortController | undefined;
let received: (typeof signals)[number] | undefined;

/**
 * A signal that is aborted by Ctrl-C, SIGTERM or SIGHUP, one for the whole process. Whatever the command then returns
 * or throws, the exit code is {@link interruptedExitCode}.
 */
export function interruption(): AbortSignal {
  if (interrupted !== undefined) return interrupted.signal;
  const controller = new AbortController();
  interrupted = controller;
  for (const signal of signals) {
    // Not `once`: without a listener a second signal would end the process before it has reported its state.
    process.on(signal, () => {
      received ??= signal;
      controller.abort();
    });
  }
  return controller.signal;
}

/**
 * The exit code after a signal, as in shells: 128 plus its number, so 130 after Ctrl-C and 143 after SIGTERM. Undefined
 * without a signal.
 */
export function interruptedExitCode(): number | undefined {
  return received === undefined ? undefined : 128 + constants.signals[received];
}
