import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { settings, standingSettings } from '../../src/settings/index.ts';

/** Runs the program with a kubectl that must not be called. */
async function run(
  ...args: readonly string[]
): Promise<{ readonly exitCode: number | undefined; readonly stdout: string; readonly stderr: string }> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, ['bin/packet-capture.js', ...args], {
    reject: false,
    env: { KUBECTL: '/nonexistent/kubectl' },
  });
  return { exitCode, stdout, stderr };
}

describe('wrong usage is reported before the cluster is asked:', () => {
  test.each([
    [['download'], 'no pods are named'],
    [['status', '-A', '-n', 'shop'], '-n and -A exclude each other'],
    [['start', 'web-1', '--filter', ' '], 'filter " " must not be blank'],
    [['start', 'web-1', '--state', 'idle'], "unknown option '--state'"],
    [['stop', 'web-1', '--filter', 'port 80'], "unknown option '--filter'"],
    [['start', 'web-1', '--wait=soon'], 'Allowed choices are true, false'],
    [['start', 'web-1', '--persist'], '--persist needs a workload'],
    [['download', 'web-1', '--merge', ''], 'a path is empty'],
    [['download', 'web-1', '--since', '2026-01-01T00:00:00'], 'does not say in which time zone'],
    [['download', 'web-1', '--last', '10m', '--to', '1m'], '--last excludes --since and --to'],
    ...[
      'patch deploy/web',
      'unpatch deploy/web',
      'start web-1',
      'stop web-1',
      'install --yes',
      'upgrade --yes',
      'uninstall --yes',
    ].map((command): [string[], string] => [
      [...command.split(' '), '--timeout', '0s'],
      '"0s" is too short: the minimum is 1s',
    ]),
    [['download', 'web-1', '--last', '10m', '--kept'], '--kept excludes --last and --since'],
    [['keep'], 'no pods are named'],
    [['keep', 'web-1', '--last', 'soon'], '"soon" is not a duration such as 10m'],
    [['keep', 'web-1', '--and', '2'], '"2" is not a duration such as 2m'],
    [['keep', 'web-1', '--reason', 'x'.repeat(901)], 'it has more than 900 characters'],
    [['keep', 'web-1', '--watch', '--since', '1h'], '--watch excludes --since'],
    [['keep', 'web-1', '--watch', '--dry-run'], '--watch excludes --dry-run'],
    [['status', 'deploy/web,db'], 'is not TYPE/NAME'],
  ])('%o: %s', async (args, message) => {
    const { exitCode, stdout, stderr } = await run(...args);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
  });
});

test.each(['start', 'status'])('%s reports that kubectl is missing', async (command) => {
  const { exitCode, stderr } = await run(command, 'web-1');
  expect(stderr).toContain('error KUBECTL_MISSING');
  expect(exitCode).toBe(1);
});

test('start has a flag for each setting, except for the one that it decides and for actions', async () => {
  const { stdout } = await run('start', '--help');
  const flags = standingSettings.filter(({ name }) => name !== 'state');
  for (const setting of settings)
    expect(stdout.includes(`--${setting.name} <`), setting.name).toBe(flags.some(({ name }) => name === setting.name));
});
