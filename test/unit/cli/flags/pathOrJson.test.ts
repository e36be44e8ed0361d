import { Command } from 'commander';
import { expect, test } from 'vitest';
import { addPathOrJson } from '../../../../src/cli/flags/pathOrJson.ts';
import { makeProgram } from '../../../../src/cli/program.ts';

/** What the command gets. */
async function parsed(args: readonly string[], byDefault?: string): Promise<unknown> {
  const program = new Command();
  let got: unknown;
  addPathOrJson(program.command('fetch'), 'DIR', 'a folder', byDefault).action((flags) => {
    got = flags;
  });
  await program.parseAsync(['fetch', ...args], { from: 'user' });
  return got;
}

test.each<[args: string[], byDefault: string | undefined, flags: object]>([
  [[], undefined, { output: undefined }],
  [[], 'captures', { output: 'captures' }],
  [['-o', 'here'], 'captures', { output: 'here' }],
  [['-o', 'json'], 'captures', { output: 'captures', json: true }],
  [['-o', 'json'], undefined, { output: undefined, json: true }],
  [['-o', 'here', '-o', 'json'], 'captures', { output: 'here', json: true }],
  [['--output=json', '--output=here'], 'captures', { output: 'here', json: true }],
  [['-o', 'here', '--json'], 'captures', { output: 'here', json: true }],
  [['-o', './json'], 'captures', { output: './json' }],
  [['-o', '-'], undefined, { output: '-' }],
  [['-o', ''], 'captures', { output: '' }],
  [['-o', 'one', '-o', 'two'], 'captures', { output: 'two' }],
])('%j, default %s: %j', async (args, byDefault, flags) => {
  expect(await parsed(args, byDefault)).toEqual(flags);
});

test('every command that prints its result as JSON takes -o json', async () => {
  const names = (await makeProgram([])).commands.map((command) => command.name());
  const programs = await Promise.all(names.map(async (name) => makeProgram([name])));
  const all = programs
    .flatMap(({ commands }, index) => commands.filter((command) => command.name() === names[index]))
    .flatMap((command) => [command, ...command.commands])
    .map((command) => ({
      name: command.name(),
      json: command.options.some(({ long }) => long === '--json'),
      output: command.options.some(
        ({ long, flags, description, argChoices = [] }) =>
          long === '--output' && (argChoices.includes('json') || /\bjson\b/.test(`${flags} ${description}`)),
      ),
    }));
  expect(all.filter(({ json, output }) => json && !output)).toEqual([]);
  const found = all.filter(({ output }) => output).map(({ name }) => name);
  expect(found).toEqual(expect.arrayContaining(['attach', 'download', 'keep', 'status', 'summary', 'why']));
});
