import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { readTyped, type Typed } from '../../../../src/cli/completion/typed.ts';
import { valuesOfOption, type Wanted } from '../../../../src/cli/completion/values.ts';
import { wantedNext } from '../../../../src/cli/completion/wanted.ts';
import { makeProgram } from '../../../../src/cli/program.ts';
import { findSetting, settingRefusal } from '../../../../src/settings/index.ts';
import { amountNames, amountProblem, type AmountName } from '../../../../src/sidecar/index.ts';

async function typed(words: readonly string[]): Promise<Typed> {
  return readTyped(await makeProgram(words), words);
}

/** What may follow `packet-capture` and these words, of which the last is being typed. */
async function next(...words: readonly string[]): Promise<Wanted> {
  return wantedNext(await typed(words));
}

async function names(...words: readonly string[]): Promise<string[]> {
  return (await next(...words)).candidates.map(({ value }) => value);
}

describe('commands and flags', () => {
  test('are those of the program, with their descriptions', async () => {
    const all = (await makeProgram([])).commands.map((command) => command.name());
    expect(await names('')).toEqual(all);
    expect(await names('st')).toEqual(all.filter((name) => name.startsWith('st')));
    expect((await next('unp')).candidates).toEqual([
      { value: 'unpatch', text: 'undo patch: restore the original spec' },
    ]);
    expect(await names('completion', '')).toEqual([
      'bash',
      'zsh',
      'fish',
      'powershell',
      'kubectl',
      'install',
      'uninstall',
    ]);
    expect(await names('nonsense', '')).toEqual([]);
  });

  test('are offered once, unless they may be repeated; hidden ones never', async () => {
    expect(await names('stream', '--n')).toEqual(['--namespace', '--names']);
    expect(await names('stream', '-n', 'shop', '--n')).toEqual(['--names']);
    expect(await names('inject', '-f', 'a.yaml', '--f')).toContain('--filename');
    expect(await names('stream', '--certificate')).toEqual([]);
    expect(await names('stop', '-')).toContain('-A');
    expect(await names('stop', '--')).not.toContain('-A');
  });

  test('come by themselves where nothing else can be typed', async () => {
    expect(await names('check', '')).toContain('--restart');
    expect(await names('patch', 'deploy/web', '')).toContain('--wait');
    expect(await names('certs', 'rotate', 'folder', '--o')).toEqual(['--output']);
  });

  test('do not come after --', async () => {
    expect(await next('stream', '--', '-')).toMatchObject({ candidates: [], files: 'none' });
    expect((await next('stream', '--', '')).lists).toHaveLength(2);
  });
});

describe('values', () => {
  test.each([
    [
      ['inject', '--snaplen', ''],
      ['headers', '0'],
    ],
    [['inject', '--snaplen=h'], ['headers']],
    [
      ['attach', '--state='],
      ['running', 'idle'],
    ],
    [
      ['inject', '--interfaces', ''],
      ['all', 'any'],
    ],
    [['inject', '--file-size', ''], ['16Mi']],
    [['inject', '--upload', ''], []],
    [
      ['start', '--wait', ''],
      ['true', 'false'],
    ],
    [
      ['inject', '-o', ''],
      ['yaml', 'json', 'patch'],
    ],
    [['inject', '-oj'], ['json']],
    [['settings', '--output', ''], ['json']],
    [['status', '-Awo', ''], ['json']],
  ])('of %j', async (words, expected) => {
    expect(await names(...words)).toEqual(expected);
  });

  test('have the meanings that the help texts give', async () => {
    expect((await next('inject', '--snaplen', '')).candidates).toEqual([
      { value: 'headers', text: 'link, network and transport headers, and no payload' },
      { value: '0', text: 'whole packets' },
    ]);
  });

  test('that are offered are valid, for all flags of all commands', async () => {
    const offered = await offeredValues();
    const settings = offered.filter(({ name }) => findSetting(name) !== undefined);
    expect(settings.length).toBeGreaterThan(20);
    expect(settings.filter(({ name, value }) => settingRefusal(name, value) !== undefined)).toEqual([]);
    const isAmount = (name: string): name is AmountName => amountNames.some((each) => each === name);
    const wrong = offered.filter(({ name, value }) => isAmount(name) && amountProblem(name, value) !== undefined);
    expect(wrong).toEqual([]);
    // Read from texts, so that a text which looks like a value is seen here.
    const others = offered.filter(
      ({ name, value, choices }) => findSetting(name) === undefined && !isAmount(name) && !choices.includes(value),
    );
    expect([...new Set(others.map(({ name, value }) => `${name} ${value}`))].toSorted()).toEqual([
      'and 0s',
      'annotation packet-capture/inject',
      'days 730',
      'max-pods 32',
      'name packet-capture',
      'namespace packet-capture',
      'namespace-label packet-capture/injection',
      'output json',
      'pause 1m',
      'release packet-capture',
      'timeout 5m',
      'timeout 60s',
    ]);
  });

  test('that are files or folders are left to the shell', async () => {
    expect(await next('inject', '-f', 'x')).toEqual({ candidates: [], files: 'all', lists: [] });
    expect(await next('stream', '-o', '')).toMatchObject({ candidates: [], files: 'all' });
    expect(await next('wireshark-profile', '--output=')).toMatchObject({ candidates: [], files: 'folders' });
    expect(await next('stream', '--client-key', '')).toMatchObject({ files: 'all' });
    expect(await next('certs', 'inspect', '')).toMatchObject({ files: 'all' });
  });

  test('that are a path or a word of the placeholder are both offered', async () => {
    const json = { value: 'json', text: 'the result, for programs, also next to a path' };
    expect(await next('attach', '-o', '')).toEqual({ candidates: [json], files: 'all', lists: [] });
    expect(await next('download', '--output=')).toEqual({ candidates: [json], files: 'folders', lists: [] });
    expect(await next('download', '-o', 'cap')).toEqual({ candidates: [], files: 'folders', lists: [] });
  });
});

interface Offered {
  readonly name: string;
  readonly value: string;
  readonly choices: readonly string[];
}

/** The values of all flags of all commands. */
async function offeredValues(): Promise<Offered[]> {
  const top = (await makeProgram([])).commands.map((command) => command.name());
  const programs = await Promise.all(
    top.map(async (name) => (await makeProgram([name])).commands.find((each) => each.name() === name)),
  );
  const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
  return programs
    .flatMap((command) => (command === undefined ? [] : all(command)))
    .flatMap((command) => command.options)
    .flatMap((option) =>
      valuesOfOption(option).candidates.map(({ value }) => ({
        name: option.name(),
        value,
        choices: option.argChoices ?? [],
      })),
    );
}

describe('names of the cluster', () => {
  test.each([
    [['stream', '-n', ''], [{ of: 'namespaces' }]],
    [['stream', '--context=pr'], [{ of: 'contexts' }]],
    [['why', '--cluster', ''], [{ of: 'clusters' }]],
    [['why', '--user', ''], [{ of: 'users' }]],
    [
      ['stream', ''],
      [
        { of: 'pods' },
        { of: 'workloads', types: ['deployments', 'statefulsets', 'daemonsets', 'cronjobs', 'jobs', 'services'] },
      ],
    ],
    [['patch', 'dep'], [{ of: 'workloads', types: ['deployments', 'statefulsets', 'daemonsets', 'cronjobs'] }]],
    [['wireshark-profile', 'shop/a', ''], [{ of: 'pods of all namespaces' }]],
    [['stream', 'web-1', ''], []],
    [['inject', '--name', ''], []],
  ])('are wanted for %j', async (words, lists) => {
    expect((await next(...words)).lists).toEqual(lists);
  });

  test('are asked for with the flags that are typed', async () => {
    const { values } = await typed([
      'stream',
      '--context=prod',
      '-nshop',
      '--kubeconfig',
      '-odd',
      '--as-group=a',
      '--as-group',
      'b',
      '--insecure-skip-tls-verify=true',
      '-A',
      '',
    ]);
    expect(values).toEqual({
      context: 'prod',
      namespace: 'shop',
      kubeconfig: '-odd',
      asGroup: ['a', 'b'],
      insecureSkipTlsVerify: true,
      allNamespaces: true,
    });
  });

  test('may be typed after the optional value of a flag, which is left out before another flag', async () => {
    expect(await typed(['download', '--kept', '--open', ''])).toMatchObject({
      place: 'operand',
      values: { open: true },
    });
    expect(await typed(['download', '--kept', '2026', ''])).toMatchObject({ values: { kept: '2026' } });
  });
});
