import { beforeAll, expect, test } from 'vitest';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureGoTools, go } from '../support/agent/goTools.ts';

beforeAll(() => ensureGoTools(stderrProgress));

test(
  'each parser and each writer of the agent handles a minute of generated input',
  { timeout: 3_600_000 },
  async () => {
    const { stdout } = await go(['go', 'test', '-list', '^Fuzz', './...']);
    const targets = fuzzTargets(stdout);
    for (const [name, folder] of targets) {
      // Without a limit it may spend all of the minute on making one input smaller.
      const times = ['-fuzztime', '60s', '-fuzzminimizetime', '1s'];
      const {
        exitCode,
        stdout: said,
        stderr,
      } = await go(['go', 'test', '-run', '^$', '-fuzz', `^${name}$`, ...times, folder]);
      // A failing input is kept under testdata/fuzz, for the test that is to hold it.
      expect(exitCode, `${name}\n${said}\n${stderr}`).toBe(0);
    }
  },
);

/** `go test -list` prints the names of a package's targets, and then the package: `ok  PACKAGE  TIME`. */
function fuzzTargets(listed: string): [string, string][] {
  const targets: [string, string][] = [];
  let names: string[] = [];
  for (const line of listed.split('\n')) {
    const [, folder] = /^(?:ok|\?)\s+(\S+)/.exec(line) ?? [];
    if (/^Fuzz\w+$/.test(line)) names.push(line);
    else if (folder !== undefined) {
      targets.push(...names.map((name): [string, string] => [name, folder]));
      names = [];
    }
  }
  return targets;
}
