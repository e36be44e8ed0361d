import { expect, inject } from 'vitest';
import { runInNetns } from '../../../../scripts/cluster/kubectl.ts';
import { stderrProgress } from '../../../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../../../scripts/cluster/tools.ts';
import { agentImage, localRegistry } from '../../../../scripts/images/names.ts';
import type { CheckResult, WhyResult } from '../../../../src/diagnosis/index.ts';
import { kube } from '../../cluster/clusterFixture.ts';
import { chart, quickEnd } from '../../cluster/helmFixture.ts';
import { runsAlone, settled, type AppState } from './app.ts';
import { appOf, type AgentImage, type Row } from './rows.ts';

const node = inject('node');

/** A row with the namespace of this run. */
export interface Cell {
  readonly row: Row;
  readonly namespace: string;
}

/** Release and namespace have one name; its namespaces are told by a label of the test's own. */
export const release = 'compatibility';
export const releaseNamespace = 'compatibility-release';
export const namespaceLabel = 'compatibility/injection';
export const at: readonly string[] = ['--release', release, '--namespace', releaseNamespace];

/** Flags for helm and for our own `install`. */
export function valueFlags(sites: readonly Cell[], image?: AgentImage): string[] {
  const values = {
    'global.imageRegistry': localRegistry,
    'injection.namespaceLabel': namespaceLabel,
    'hooks.backoffLimit': '0',
    replicas: '1',
    ...(image === undefined
      ? {}
      : {
          'agent.image.registry': image.registry,
          'agent.image.repository': image.repository,
          'agent.image.tag': image.tag,
          'agent.image.pullPolicy': image.pullPolicy,
        }),
    ...(image?.pullSecret === undefined ? {} : { 'agent.image.pullSecrets[0]': image.pullSecret }),
  };
  const targets = sites.flatMap(({ namespace }, index) => [
    '--set',
    `targets[${index}].namespace=${namespace},targets[${index}].deployments[0]=web`,
  ]);
  return [...Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]), ...quickEnd, ...targets];
}

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Our own command, whatever its exit code. */
export async function ours(args: readonly string[], input?: string): Promise<Ended> {
  const env = { HELM: await ensureHelm(4, stderrProgress), PACKET_CAPTURE_IMAGE: agentImage };
  return runInNetns(node, [process.execPath, 'bin/packet-capture.js', ...args], {
    env,
    ...(input === undefined ? {} : { input }),
  });
}

/** helm, whatever its exit code. */
export async function helmInstall(flags: readonly string[]): Promise<Ended> {
  const argv = [
    await ensureHelm(4, stderrProgress),
    'install',
    release,
    chart,
    '-n',
    releaseNamespace,
    '--create-namespace',
    '--wait',
    '--timeout',
    '120s',
    ...flags,
  ];
  return runInNetns(node, argv);
}

export async function uninstall(): Promise<void> {
  const { exitCode, stderr } = await ours(['uninstall', ...at, '--yes']);
  expect(exitCode, stderr).toBe(0);
}

/** The app as its row has it, running. */
export async function reset({ row, namespace }: Cell): Promise<void> {
  await kube(['replace', '-f', '-'], JSON.stringify(appOf(row, namespace)));
  await runsAlone(namespace);
}

/**
 * The app after a change, settled.
 * It fails the test when fewer of its pods are ready than before: none of the columns gives `--force`.
 */
export async function appAfter({ namespace }: Cell): Promise<AppState> {
  const state = await settled(namespace);
  expect(state.ready, `ready pods of deployment/web in ${namespace}`).toBeGreaterThanOrEqual(2);
  return state;
}

export async function why({ namespace }: Cell): Promise<WhyResult> {
  const { stdout, stderr } = await ours(['why', 'deploy/web', '-n', namespace, '-o', 'json']);
  expect(stdout, stderr).not.toBe('');
  return JSON.parse(stdout) as WhyResult;
}

export async function check({ namespace }: Cell, ...flags: readonly string[]): Promise<CheckResult> {
  const { stdout, stderr } = await ours(['check', '-n', namespace, '-o', 'json', ...flags]);
  expect(stdout, stderr).not.toBe('');
  return JSON.parse(stdout) as CheckResult;
}

/** What users do by themselves: the label of the namespace, and the annotation of the pod template. */
export async function optInByHand({ namespace }: Cell): Promise<void> {
  await kube(['label', 'namespace', namespace, `${namespaceLabel}=enabled`, '--overwrite']);
  const annotations = { 'packet-capture/inject': 'true' };
  await kube([
    'patch',
    'deploy/web',
    '-n',
    namespace,
    '-p',
    JSON.stringify({ spec: { template: { metadata: { annotations } } } }),
  ]);
}

/** For all of them, `width` at a time. */
export async function each<T, R>(items: readonly T[], work: (item: T) => Promise<R>, width = 4): Promise<R[]> {
  const results: R[] = [];
  const queue = [...items.entries()];
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}
