import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { clusterEnvironment, runInNetns } from '../../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../../scripts/cluster/machine.ts';
import { pauseImage } from '../../../scripts/cluster/nodeConfig.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../../scripts/cluster/tools.ts';
import { whyInjected, type CheckResult, type WhyResult } from '../../../src/diagnosis/index.ts';
import { makeKubectl } from '../../../src/kubernetes/kubectl.ts';
import { cli } from './clusterFixture.ts';
import { chart, releaseValues } from './helmFixture.ts';

const node = inject('node');

export const asking = { 'packet-capture/inject': 'true' };

type Marks = Readonly<Record<string, string>>;

export interface WebOptions {
  /** Of the pod template. */
  readonly annotations?: Marks;
  readonly labels?: Marks;
  /** Of the Deployment itself. */
  readonly own?: Marks;
  readonly spec?: object;
}

/** A Deployment of one pod that does nothing. */
export function web(
  namespace: string,
  name: string,
  { annotations = {}, labels = {}, own = {}, spec = {} }: WebOptions = {},
): object {
  const app = { app: name };
  const container = { name: 'app', image: pauseImage, imagePullPolicy: 'Never' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, annotations: own },
    spec: {
      selector: { matchLabels: app },
      template: {
        metadata: { labels: { ...app, ...labels }, annotations },
        spec: { terminationGracePeriodSeconds: 0, containers: [container], ...spec },
      },
    },
  };
}

export function site(name: string, labels: Marks = {}): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

export function list(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

/**
 * The command's own code in this process, which saves the start of a program each time; kubectl alone has to run in the
 * node's network namespace.
 * @param folder of the test's own, for the program that takes kubectl there
 */
export async function whyIn(folder: string): Promise<(namespace: string, target: string) => Promise<WhyResult>> {
  const { KUBECTL: kubectl = '' } = await clusterEnvironment(node);
  const program = join(folder, 'kubectl');
  const argv = inNetns(node.netns, [kubectl, `--kubeconfig=${node.kubeconfig}`]);
  await writeFile(program, `#!/bin/sh\nexec ${argv.map((part) => `'${part}'`).join(' ')} "$@"\n`, { mode: 0o700 });
  return async (namespace, target) =>
    whyInjected({ target, kubectl: makeKubectl({ program, namespace }), now: new Date() });
}

/** `check … -o json`; fails the test when the exit code is not what the result says. */
export async function check(
  namespace: string,
  ...flags: readonly string[]
): Promise<CheckResult & { readonly restarted?: readonly object[] }> {
  const { exitCode, stdout, stderr } = await cli(['check', '-n', namespace, '-o', 'json', ...flags]);
  expect(stdout, stderr).not.toBe('');
  const result = JSON.parse(stdout) as CheckResult;
  expect(exitCode, stderr).toBe(result.ok ? 0 : 1);
  return result;
}

export function codesOf({ findings }: CheckResult): string[] {
  return findings.filter(({ level }) => level !== 'ok').map(({ code }) => code);
}

/** `helm install` of the chart, with values on standard input. */
export async function installChart(
  release: string,
  namespace: string,
  values: object,
  flags: readonly string[] = [],
): Promise<void> {
  const argv = [
    await ensureHelm(4, stderrProgress),
    'install',
    release,
    chart,
    '-n',
    namespace,
    '--create-namespace',
    '--values',
    '-',
    '--set',
    releaseValues,
    ...flags,
  ];
  const { exitCode, stderr } = await runInNetns(node, argv, { input: JSON.stringify(values) });
  expect(exitCode, stderr).toBe(0);
}
