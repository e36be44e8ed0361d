import { Option, type Command } from 'commander';

/** `--names`: whether names of addresses are written into a capture. */
export interface NamesFlag {
  readonly names: 'auto' | 'off';
}

/** `auto` reads what the user may list. Any other value is wrong usage. */
export function addNamesFlag(command: Command): Command {
  return command.addOption(
    new Option(
      '--names <auto|off>',
      'write the names of pods, Services and nodes for Wireshark, as far as you may list them; off: none',
    )
      .choices(['auto', 'off'])
      .default('auto'),
  );
}

/** The line about names that could not be read. */
export function namesNote(note: string): string {
  return `names: ${note} (--names off reads none)`;
}
