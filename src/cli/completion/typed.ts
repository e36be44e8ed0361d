import type { Command, Option } from 'commander';

/** What the words of a command line say, up to the word that is being typed. */
export interface Typed {
  readonly command: Command;
  /** What the last word is: a flag, the value of a flag, or an operand (or the name of a subcommand). */
  readonly place: 'flag' | Option | 'operand';
  /** What is typed of it; of `--flag=value` the value. */
  readonly start: string;
  readonly operands: readonly string[];
  /** The flags before it. */
  readonly given: ReadonlySet<Option>;
  /** Their values, by their names in camel case as commander has them. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** What has been read so far. */
interface Reading {
  command: Command;
  /** The flag whose value comes next. */
  waiting: Option | undefined;
  /** After `--`. */
  onlyOperands: boolean;
  readonly operands: string[];
  readonly given: Set<Option>;
  readonly values: Record<string, unknown>;
}

/**
 * Reads a command line that is not finished, as commander would read it, and without its errors.
 * @param program with the command that the first word names
 * @param words without the program; the last one is being typed, and may be empty
 */
export function readTyped(program: Command, words: readonly string[]): Typed {
  const reading: Reading = {
    command: program,
    waiting: undefined,
    onlyOperands: false,
    operands: [],
    given: new Set(),
    values: {},
  };
  for (const word of words.slice(0, -1)) read(reading, word);
  return { ...reading, ...lastWord(reading, words.at(-1) ?? '') };
}

function read(reading: Reading, word: string): void {
  const { waiting } = reading;
  reading.waiting = undefined;
  if (waiting !== undefined && isValueOf(waiting, word)) take(reading, waiting, word);
  else if (reading.onlyOperands || !isFlag(word)) readOperand(reading, word);
  else if (word === '--') reading.onlyOperands = true;
  else readFlags(reading, word);
}

/** The value of `[ID]` may be left out, that of `<ID>` may look like a flag. */
function isValueOf(option: Option, word: string): boolean {
  return option.required || !word.startsWith('-');
}

/** A single dash is an operand: standard input. */
function isFlag(word: string): boolean {
  return word.startsWith('-') && word !== '-';
}

function readOperand(reading: Reading, word: string): void {
  const { command, operands } = reading;
  const child = operands.length > 0 ? undefined : command.commands.find((each) => each.name() === word);
  if (child === undefined) operands.push(word);
  else reading.command = child;
}

function readFlags(reading: Reading, word: string): void {
  for (const { option, value } of flagsOf(reading.command, word)) {
    if (option.isBoolean()) take(reading, option, value !== 'false');
    else if (value !== undefined) take(reading, option, value);
    else reading.waiting = option;
  }
}

function take({ given, values }: Reading, option: Option, value: string | boolean): void {
  const name = option.attributeName();
  given.add(option);
  values[name] = isRepeatable(option) ? [...((values[name] ?? []) as unknown[]), value] : value;
}

function lastWord({ command, waiting, onlyOperands }: Reading, word: string): Pick<Typed, 'place' | 'start'> {
  if (waiting !== undefined && isValueOf(waiting, word)) return { place: waiting, start: word };
  if (onlyOperands || !word.startsWith('-')) return { place: 'operand', start: word };
  const open = flagsOf(command, word).at(-1);
  if (open?.value === undefined || open.option.isBoolean()) return { place: 'flag', start: word };
  return { place: open.option, start: open.value };
}

/** Whether a flag may be given more than once: it collects its values. */
export function isRepeatable(option: Option): boolean {
  return option.variadic || (option.parseArg !== undefined && option.argChoices === undefined);
}

interface Flag {
  readonly option: Option;
  /** Of `--flag=value` and `-fvalue`. */
  readonly value?: string;
}

/** The flags in a word: `--flag`, `--flag=value`, `-f`, `-fvalue`, and several short ones in one, `-Aw`. */
function flagsOf(command: Command, word: string): Flag[] {
  if (word.startsWith('--')) {
    const [name = '', ...parts] = word.split('=');
    const option = command.options.find(({ long }) => long === name);
    if (option === undefined) return [];
    return [parts.length === 0 ? { option } : { option, value: parts.join('=') }];
  }
  const flags: Flag[] = [];
  for (let at = 1; at < word.length; at += 1) {
    const option = command.options.find(({ short }) => short === `-${word[at] ?? ''}`);
    if (option === undefined) return flags;
    const value = word.slice(at + 1);
    if (!option.isBoolean() && value !== '') return [...flags, { option, value }];
    flags.push({ option });
  }
  return flags;
}
