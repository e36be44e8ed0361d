import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { runInNetns } from '../../scripts/cluster/kubectl.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../scripts/cluster/tools.ts';
import type { CheckResult } from '../../src/diagnosis/index.ts';
import { cli, kube } from '../support/cluster/clusterFixture.ts';
import { chart, loadReleaseImages } from '../support/cluster/helmFixture.ts';
import { json, releaseUnderTest, shown, type Refusal } from '../support/cluster/installFixture.ts';

/** On Kubernetes before 1.36, which has no MutatingAdmissionPolicy v1. */
const node = inject('node');
const { release, namespace, flags } = releaseUnderTest('nopolicy');
const way = ['--set', 'injection.way=policy'];

beforeAll(loadReleaseImages);

afterAll(async () => {
  await kube(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=false']);
});

async function namespaces(): Promise<string> {
  return kube(['get', 'namespace', namespace, '--ignore-not-found', '-o', 'name']);
}

test('check says that way 4 is missing, and from which version on it is there', async () => {
  const { stdout } = await cli(['check', '-n', 'default', '-o', 'json']);
  const { findings } = JSON.parse(stdout) as CheckResult;
  expect(findings).toContainEqual(expect.objectContaining({ code: 'policy_missing', where: 'way 4, policy' }));
  expect((await cli(['check', '-n', 'default'])).stdout).toContain('Kubernetes 1.36');
});

test('install refuses it before it creates anything', async () => {
  const { result, stderr } = await json<Refusal>(4, 1, ['install', ...flags, ...way]);
  expect(result.result).toBe('refused');
  expect(shown(result)).toEqual([expect.stringContaining('policy_unsupported')]);
  expect(stderr).toContain('PREFLIGHT_FAILED');
  expect(stderr).toContain('Kubernetes 1.36');
  expect(await namespaces()).toBe('');
});

test.each([4, 3] as const)('helm %i refuses it with the reason of the chart', async (major) => {
  const program = await ensureHelm(major, stderrProgress);
  const argv = [program, 'install', release, chart, '-n', namespace, ...way];
  const { exitCode, stderr } = await runInNetns(node, argv);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('injection.way is policy, and the cluster has no');
  expect(stderr).toContain('Kubernetes has it from 1.36 on');
});
