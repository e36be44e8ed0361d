import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { addImageCommands } from '../../../../scripts/release/imageCommands.ts';
import { addPublishCommands } from '../../../../scripts/release/publishCommands.ts';

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

/** The steps of the pipeline that releases. */
async function steps(): Promise<readonly Step[]> {
  const text = await readFile('.github/workflows/release.yml', 'utf8');
  const { jobs } = parse(text) as { readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>> };
  return Object.values(jobs).flatMap((job) => job.steps);
}

test('the pipeline names each action by its commit', async () => {
  const actions = (await steps()).flatMap(({ uses }) => uses ?? []);
  expect(actions.length).toBeGreaterThan(1);
  for (const action of actions) expect(action).toMatch(/@[0-9a-f]{40}$/);
});

test('the pipeline calls commands that exist, with flags that they have', async () => {
  const program = new Command();
  addImageCommands(program);
  addPublishCommands(program);
  // That of scripts/release.ts itself.
  program.command('build').option('--url <URL>');
  const lines = (await steps()).flatMap(({ run = '' }) => run.replaceAll('\\\n', ' ').split('\n'));
  const calls = lines.flatMap((line) => [...line.matchAll(/release -- ([\w-]+)([^>]*)/g)]);
  expect(calls.map(([, name]) => name)).toEqual(['build', 'sign-downloads', 'login', 'publish', 'notes']);
  for (const [, name, flags = ''] of calls) {
    const known = program.commands.find((command) => command.name() === name)?.options.map(({ long }) => long);
    for (const [flag] of flags.matchAll(/--[a-z-]+/g)) expect(known, name).toContain(flag);
  }
});
