import { expect, inject } from 'vitest';
import { runInNetns } from '../../../scripts/cluster/kubectl.ts';
import type { Finding } from '../../../src/release/index.ts';
import { kube } from './clusterFixture.ts';
import { installer, labelFlags, quickEnd, type HelmMajor } from './helmFixture.ts';

const node = inject('node');

/** Names and flags of the one release that a file of tests installs, upgrades and takes away. */
export interface ReleaseUnderTest {
  readonly release: string;
  readonly namespace: string;
  /** The namespace of its target. */
  readonly site: string;
  /** Which release. */
  readonly at: readonly string[];
  /** Of an install; it injects where nobody else's does. */
  readonly flags: readonly string[];
}

export function releaseUnderTest(name: string): ReleaseUnderTest {
  const release = `${name}-packet-capture`;
  const at = ['--release', release, '--namespace', name];
  return {
    release,
    namespace: name,
    site: `${name}-site`,
    at,
    flags: [...at, '--yes', '--set', 'replicas=1', ...quickEnd, ...labelFlags(name)],
  };
}

/** Flags for an injector whose image is nowhere. */
export const badImage: readonly string[] = [
  '--set',
  'image.tag=nonesuch',
  '--set',
  'image.pullPolicy=Never',
  '--timeout',
  '15s',
];

/** What `-o json` says of an install that the preflight refuses. */
export interface Refusal {
  readonly result: string;
  readonly findings: readonly Finding[];
}

export const shown = ({ findings }: Refusal): string[] => findings.map(({ code, where }) => `${code}: ${where}`);

/** A command of ours with `-o json`; fails the test when it ends with another exit code. */
export async function json<T>(
  major: HelmMajor,
  exitCode: number,
  args: readonly string[],
  input?: string,
): Promise<{ readonly result: T; readonly stderr: string }> {
  const outcome = await installer(major, [...args, '-o', 'json'], input);
  expect(outcome.exitCode, outcome.stderr).toBe(exitCode);
  return { result: JSON.parse(outcome.stdout) as T, stderr: outcome.stderr };
}

/** Of the injector. */
export async function podNames(namespace: string): Promise<string> {
  return kube(['get', 'pods', '-n', namespace, '-l', 'app.kubernetes.io/component=injector', '-o', 'name']);
}

/** Runs a line that a command told the user to run. */
export async function follow(line: string): Promise<void> {
  expect((await runInNetns(node, ['bash', '-c', line])).exitCode, line).toBe(0);
}
