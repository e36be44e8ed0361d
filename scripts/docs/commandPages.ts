import type { Command } from 'commander';
import { makeProgram } from '../../src/cli/program.ts';

/** Letters in a line of help, as on a wide terminal. */
const width = 100;

/** The help of all commands, a section each. */
export async function commandsMarkdown(): Promise<string> {
  const program = await makeProgram([]);
  const sections: string[] = [];
  for (const { name } of entriesOf(program)) {
    const loaded = entriesOf(await makeProgram([name])).find((entry) => entry.name === name);
    if (loaded !== undefined) sections.push(...sectionsOf(loaded.command, name, 2));
  }
  return sections.join('\n\n');
}

function entriesOf(program: Command): { readonly name: string; readonly command: Command }[] {
  return program.commands.map((command) => ({ name: command.name(), command }));
}

function sectionsOf(command: Command, words: string, depth: number): string[] {
  const title = `${'#'.repeat(depth)} ${words}`;
  const section = `${title}\n\`\`\`text\n${helpOf(command)}\n\`\`\``;
  return [section, ...command.commands.flatMap((one) => sectionsOf(one, `${words} ${one.name()}`, depth + 1))];
}

function helpOf(command: Command): string {
  const written: string[] = [];
  command.configureOutput({
    writeOut: (text) => written.push(text),
    getOutHelpWidth: () => width,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return written.join('').trimEnd();
}
