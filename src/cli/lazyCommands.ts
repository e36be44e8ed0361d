import type { Command } from 'commander';

/** A command whose code is loaded only when it is called, or when its help is asked for. */
export interface CommandEntry {
  readonly name: string;
  /** Its line in the help of the program. */
  readonly summary: string;
  /** Adds the command, with its flags, to the program. */
  readonly load: () => Promise<(program: Command) => void>;
}

/**
 * Loads just the command that the arguments name, so that each start stays quick and small; of the others the help is
 * enough.
 */
export async function addCommands(
  program: Command,
  entries: readonly CommandEntry[],
  args: readonly string[],
): Promise<Command> {
  for (const { name, summary, load } of entries) {
    if (args[0] === name) (await load())(program);
    else program.command(name).description(summary);
  }
  return program;
}
