import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommanderError, type Command } from 'commander';
import { beforeAll, expect, test } from 'vitest';
import { makeProgram } from '../../../src/cli/program.ts';
import { commandBlocks, typedLines } from '../../support/site/commandBlocks.ts';
import { shellCommands } from '../../support/site/shellCommands.ts';

const root = join(import.meta.dirname, '../../..');
const documents = globSync(['*.md', 'docs/**/*.md', 'agent/*.md', 'chart/*.md', 'scripts/**/*.md'], { cwd: root });
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

/** The commands of npm that bring or start the program itself. */
const npmWords = new Set(['ci', 'install', 'test']);

interface Typed {
  readonly place: string;
  readonly words: readonly string[];
}

let typed: readonly Typed[] = [];
beforeAll(() => {
  typed = documents.flatMap((file) =>
    commandBlocks(readFileSync(join(root, file), 'utf8')).flatMap((block) =>
      typedLines(block).flatMap((line) =>
        shellCommands(line).map((words) => ({ place: `${file}:${block.line} ${line.trim()}`, words })),
      ),
    ),
  );
});

test('a line is read as a shell reads it', () => {
  expect(shellCommands(`A=1 a 'b c' "d\\"e" | f --g=h > i 2>&1 && j # k | l`)).toEqual([
    ['A=1', 'a', 'b c', 'd"e'],
    ['f', '--g=h'],
    ['j'],
  ]);
});

test('the program knows every command, argument and flag that a document tells to type', async () => {
  expect(await refusal(['attach', 'web-1', '--no-such-flag'])).toContain('--no-such-flag');
  expect(await refusal(['no-such-command'])).toContain('no-such-command');
  const own = typed.flatMap(({ place, words }) => {
    const args = ownArguments(words);
    return args === undefined ? [] : [{ place, args }];
  });
  expect(own.length).toBeGreaterThan(100);
  const refused: string[] = [];
  for (const { place, args } of own) {
    const reason = await refusal(args);
    if (reason !== undefined) refused.push(`${place}\n  ${reason}`);
  }
  expect(refused).toEqual([]);
});

test('every script of npm that a document tells to type exists', () => {
  const named = typed.flatMap(({ place, words }) => (words[0] === 'npm' ? [{ place, words: words.slice(1) }] : []));
  expect(named.length).toBeGreaterThan(10);
  const absent = named.filter(({ words }) => {
    const [verb = '', ...rest] = words;
    const script = rest.find((word) => !word.startsWith('-')) ?? '';
    return verb === 'run' ? scripts[script] === undefined : !npmWords.has(verb);
  });
  expect(absent.map(({ place }) => place)).toEqual([]);
});

/** The arguments of the program, if these words start it; undefined if they start something else. */
function ownArguments(words: readonly string[]): readonly string[] | undefined {
  const rest = words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word)));
  if (rest[0] === 'packet-capture') return rest.slice(1);
  if (rest[0] === 'kubectl' && rest[1] === 'packet-capture') return rest.slice(2);
  if (rest[0] === 'npx' && /packet-capture/.test(rest[1] ?? '')) return rest.slice(2);
  const at = rest.indexOf('packet-capture');
  return rest[0] === 'npm' && rest[1] === 'run' && at !== -1 ? rest.slice(at + 2) : undefined;
}

/** Why the program would not run with these arguments: its own words; undefined when it would. */
async function refusal(args: readonly string[]): Promise<string | undefined> {
  const said: string[] = [];
  const program = await makeProgram(args);
  const all = [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)];
  for (const command of all) {
    quiet(command, said);
    // A group that is called by itself shows its help.
    if (command.commands.length === 0) command.action(() => undefined);
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return undefined;
  } catch (error) {
    const shown = error instanceof CommanderError && error.exitCode === 0;
    return shown ? undefined : said.join('').trim() || String(error);
  }
}

function quiet(command: Command, said: string[]): void {
  command.exitOverride().configureOutput({
    writeOut: () => undefined,
    writeErr: () => undefined,
    outputError: (text) => said.push(text),
  });
}
