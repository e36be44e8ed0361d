import { Option, type Command } from 'commander';

/** What {@link addPathOrJson} makes of the flags. */
export interface PathOrJson {
  /** Where to write. */
  readonly output?: string;
  /** The result goes to standard output. */
  readonly json?: boolean;
}

/** What other commands call it. */
const resultFormat = 'json';

/**
 * `-o PATH` of a command that writes files, and `-o json`, which prints its result as in every other command; both may
 * be given. A file of that name is `./json`. `--json` says the same as `-o json`.
 * @param placeholder of the path: `FILE` or `DIR`
 * @param text what is written there
 * @param byDefault the path when none is given
 */
export function addPathOrJson(command: Command, placeholder: string, text: string, byDefault?: string): Command {
  return command
    .addOption(
      new Option(
        `-o, --output <${placeholder}|json>`,
        `${text}; json: the result, for programs, also next to a path`,
      ).argParser<readonly string[] | undefined>((value, values) => [...(values ?? []), value]),
    )
    .option('--json', 'the same as -o json')
    .hook('preAction', (_, running) => {
      const values = (running.getOptionValue('output') ?? []) as readonly string[];
      const path = values.findLast((value) => value !== resultFormat) ?? byDefault;
      running.setOptionValue('output', path);
      if (values.includes(resultFormat)) running.setOptionValue('json', true);
    });
}
