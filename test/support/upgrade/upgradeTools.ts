import { expect, inject } from 'vitest';
import { runInNetns } from '../../../scripts/cluster/kubectl.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../../scripts/cluster/tools.ts';
import { chart, helm, installed, releaseValues, type HelmMajor } from '../cluster/helmFixture.ts';
import type { ReleaseBefore } from './releaseBefore.ts';

const node = inject('node');

/** The release that a test moves between versions. */
export interface MovedRelease {
  readonly release: string;
  readonly namespace: string;
  /** A file of values, as it was written for the release from before. */
  readonly values: string;
}

/** What moves a release from one version to the next and back. Each step fails the test when it fails. */
export interface UpgradeTool {
  readonly install: (before: ReleaseBefore, moved: MovedRelease) => Promise<unknown>;
  readonly upgrade: (moved: MovedRelease) => Promise<unknown>;
  readonly goBack: (before: ReleaseBefore, moved: MovedRelease) => Promise<unknown>;
}

/** The command line of a release from before, where it can reach the node; whatever its exit code. */
export async function commandBefore(
  { folder }: ReleaseBefore,
  args: readonly string[],
  input?: string,
): ReturnType<typeof runInNetns> {
  const env = { HELM: await ensureHelm(4, stderrProgress) };
  const argv = [process.execPath, `${folder}/bin/packet-capture.js`, ...args];
  return runInNetns(node, argv, { env, ...(input === undefined ? {} : { input }) });
}

/** Plain helm: `upgrade` with the values file again or with `--reuse-values`, and `rollback`. */
export function helmTool(major: HelmMajor, reuse = false): UpgradeTool {
  const given = ({ values }: MovedRelease): string[] => (reuse ? ['--reuse-values'] : ['-f', values]);
  const at = ({ namespace }: MovedRelease): string[] => ['-n', namespace, '--wait', '--timeout', '4m'];
  return {
    install: async (before, moved) =>
      helm(major, ['install', moved.release, before.chart, ...at(moved), '--create-namespace', '-f', moved.values]),
    upgrade: async (moved) => helm(major, ['upgrade', moved.release, chart, ...at(moved), ...given(moved)]),
    goBack: async (_, moved) => helm(major, ['rollback', moved.release, ...at(moved)]),
  };
}

/** Our own commands, which keep the values by themselves: the way back is `upgrade` of the version from before. */
export const installerTool: UpgradeTool = {
  install: async (before, moved) =>
    runBefore(before, ['install', ...ofRelease(moved), '-f', moved.values, '--set', releaseValues]),
  upgrade: async (moved) => installed(4, ['upgrade', ...ofRelease(moved)]),
  goBack: async (before, moved) => runBefore(before, ['upgrade', ...ofRelease(moved)]),
};

function ofRelease({ release, namespace }: MovedRelease): string[] {
  return ['--release', release, '--namespace', namespace, '--yes'];
}

async function runBefore(before: ReleaseBefore, args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await commandBefore(before, args);
  expect(exitCode, `packet-capture ${before.version} ${args.join(' ')}\n${stderr}`).toBe(0);
}
