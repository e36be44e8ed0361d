import type { Argument, Command } from 'commander';
import { isRepeatable, type Typed } from './typed.ts';
import { only, valuesOfArgument, valuesOfOption, type Candidate, type Wanted } from './values.ts';

/**
 * What may be typed next, of all that the command's own table of flags and arguments says: names, help texts, choices
 * and placeholders. Candidates begin with what is typed; what is listed elsewhere is for the caller to read.
 */
export function wantedNext(typed: Typed): Wanted {
  const wanted = anyNext(typed);
  return { ...wanted, candidates: startingWith(wanted.candidates, typed.start) };
}

/** Those that begin with what is typed. */
export function startingWith(candidates: readonly Candidate[], start: string): Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(start));
}

function anyNext(typed: Typed): Wanted {
  const { place, command, operands } = typed;
  if (place === 'flag') return only(flagCandidates(typed));
  if (place !== 'operand') return valuesOfOption(place);
  const children = command.createHelp().visibleCommands(command);
  if (children.length > 0) {
    const named = children.map((child) => ({ value: child.name(), text: child.summary() || child.description() }));
    return only(operands.length === 0 ? named : []);
  }
  const argument = argumentAt(command, operands.length);
  // Nothing but a flag may come.
  return argument === undefined ? only(flagCandidates({ ...typed, start: '--' })) : valuesOfArgument(argument);
}

function argumentAt(command: Command, index: number): Argument | undefined {
  const known = command.registeredArguments;
  const last = known.at(-1);
  return known[index] ?? (last?.variadic === true ? last : undefined);
}

/** The flags that are not given yet; the short ones too after a single dash. */
function flagCandidates({ command, given, start }: Typed): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .filter((option) => !given.has(option) || isRepeatable(option))
    .flatMap(({ long, short, description }) =>
      [long, start.startsWith('--') ? undefined : short].flatMap((value) =>
        value == null ? [] : [{ value, text: description }],
      ),
    );
}
