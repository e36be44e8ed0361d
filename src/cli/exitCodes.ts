/** What shells give for a command that Ctrl-C has ended; all others stand in the table of errors. */
export const interruptedExitCode = 130;
