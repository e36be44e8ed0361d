/**
 * Creates pods that ask for injection, as many as it is told, and follows each of them: created, ready, deleted. Those
 * that came up without the sidecar stay until `packet-capture check` has been asked for them. A program of its own,
 * since the API server answers only from within the node's network namespace. Arguments: kubeconfig, namespace.
 * Standard input: lines `{"phase", "pods"}`; each is answered by the same line once so many pods are created. At its
 * end, when all pods are gone, the report.
 */
import { execFile } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pauseImage } from '../../../scripts/cluster/nodeConfig.ts';
import { apiClient } from './apiClient.ts';

export interface PhaseReport {
  readonly created: number;
  readonly injected: number;
}

export interface StreamReport {
  readonly phases: Readonly<Record<string, PhaseReport>>;
  /** What the API server said to pods that it refused. */
  readonly refusals: readonly string[];
  /** Pods that were not ready in time. */
  readonly notReady: readonly string[];
  /** Pods without the sidecar that `check` did not name. */
  readonly unnamed: readonly string[];
  /** Pods with the sidecar that it named. */
  readonly falselyNamed: readonly string[];
  /** How often a creation was sent again, since there was no API server, or it was starting. */
  readonly retries: number;
  readonly slowestCreationMs: number;
  readonly seconds: number;
}

interface FollowedPod {
  readonly injected: boolean;
  readonly since: number;
  ready: boolean;
  deleted: boolean;
}

/** At once: pods that are there (a node holds 110), that start, that are being created, and that wait for an audit. */
const [mostAlive, mostStarting, mostSent, auditAt] = [80, 16, 8, 30];
const patienceMs = 120_000;
/** While an API server starts, nothing can be created. */
const unreachableMs = 90_000;

const [kubeconfig = '', namespace = ''] = process.argv.slice(2);
const api = await apiClient(kubeconfig);
const pods = new Map<string, FollowedPod>();
const phases: Record<string, { created: number; injected: number }> = {};
const report = {
  refusals: [] as string[],
  notReady: [] as string[],
  unnamed: [] as string[],
  falselyNamed: [] as string[],
  retries: 0,
  slowestCreationMs: 0,
};
const from = performance.now();
const state = { created: 0, sent: 0, ended: false };

function podNamed(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    // An idle sidecar: it is there, and costs little.
    metadata: {
      name,
      labels: { app: 'stream' },
      annotations: { 'packet-capture/inject': 'true', 'packet-capture/state': 'idle' },
    },
    spec: {
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' }],
      containers: [{ name: 'app', image: pauseImage, imagePullPolicy: 'Never' }],
    },
  };
}

const podsPath = `/api/v1/namespaces/${namespace}/pods`;

/** Creates one pod, and again for as long as nobody answers; a name of its own tells a second try from a second pod. */
async function create(phase: string): Promise<void> {
  state.created += 1;
  const name = `pod-${state.created}`;
  for (const deadline = performance.now() + unreachableMs; ; report.retries += 1) {
    const begin = performance.now();
    let { status, text } = await api('POST', podsPath, podNamed(name));
    report.slowestCreationMs = Math.max(report.slowestCreationMs, performance.now() - begin);
    if (status === 409) ({ status, text } = await api('GET', `${podsPath}/${name}`));
    // An API server that does not say yet that it is ready (/readyz): its own admission has not read what it needs.
    const isStarting = status === 403 && text.includes('not yet ready to handle request');
    if ((status === 0 || isStarting) && performance.now() < deadline) {
      await sleep(250);
      continue;
    }
    if (status !== 200 && status !== 201) return void report.refusals.push(`${phase} ${name}: HTTP ${status} ${text}`);
    const injected = text.includes('"name":"packet-capture"');
    const counts = (phases[phase] ??= { created: 0, injected: 0 });
    counts.created += 1;
    if (injected) counts.injected += 1;
    pods.set(name, { injected, since: performance.now(), ready: false, deleted: false });
    return;
  }
}

function starting(): number {
  return [...pods.values()].filter(({ ready }) => !ready).length;
}

async function createMany(phase: string, count: number): Promise<void> {
  const running = new Set<Promise<void>>();
  for (let index = 0; index < count; index += 1) {
    while (pods.size + state.sent >= mostAlive || state.sent + starting() >= mostStarting || state.sent >= mostSent)
      await sleep(20);
    state.sent += 1;
    const one = create(phase).finally(() => {
      state.sent -= 1;
      running.delete(one);
    });
    running.add(one);
  }
  await Promise.all(running);
}

interface ListedPod {
  readonly metadata: { readonly name: string };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function look(): Promise<void> {
  const { status, text } = await api('GET', `${podsPath}?labelSelector=app%3Dstream&resourceVersion=0`);
  if (status !== 200) return;
  const { items } = JSON.parse(text) as { readonly items: readonly ListedPod[] };
  const listed = new Map(items.map((item) => [item.metadata.name, item]));
  const now = performance.now();
  for (const [name, pod] of pods) {
    const item = listed.get(name);
    // The list may be a moment older than the pod.
    if (item === undefined && pod.deleted) pods.delete(name);
    if (item?.status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true)
      pod.ready = true;
    if (!pod.ready && !pod.deleted && now - pod.since > patienceMs) {
      report.notReady.push(
        `${name}: ${JSON.stringify(item?.status.conditions?.map(({ type, status: value }) => `${type}=${value}`))}`,
      );
      pod.ready = true;
    }
  }
  await remove([...pods].filter(([, pod]) => pod.ready && pod.injected && !pod.deleted));
}

async function remove(done: readonly (readonly [string, FollowedPod])[]): Promise<void> {
  await Promise.all(
    done.map(async ([name, pod]) => {
      const { status } = await api('DELETE', `${podsPath}/${name}`);
      if (status === 200 || status === 202 || status === 404) pod.deleted = true;
    }),
  );
}

/** Asks `check` for the pods that came up without the sidecar, then lets them go. */
async function audit(): Promise<void> {
  const missed = [...pods].filter(([, pod]) => pod.ready && !pod.injected && !pod.deleted);
  const isLast = state.ended && state.sent === 0 && [...pods.values()].every((pod) => pod.ready || pod.deleted);
  if (missed.length === 0 || (missed.length < auditAt && !isLast)) return;
  const named = await namedByCheck();
  if (named === undefined) return;
  report.unnamed.push(...missed.map(([name]) => name).filter((name) => !named.has(name)));
  report.falselyNamed.push(...[...named].filter((name) => pods.get(name)?.injected === true));
  await remove(missed);
}

interface CheckResult {
  readonly missed: readonly { readonly namespace: string; readonly pod: string }[];
}

/** Undefined while the API server cannot be asked. */
async function namedByCheck(): Promise<ReadonlySet<string> | undefined> {
  const stdout = await new Promise<string>((resolve) => {
    execFile(
      process.execPath,
      ['bin/packet-capture.js', 'check', '-n', namespace, '-o', 'json'],
      { maxBuffer: 1e8 },
      (_, out, err) => {
        if (out === '') console.error(err);
        resolve(out);
      },
    );
  });
  if (stdout === '') return undefined;
  const { missed } = JSON.parse(stdout) as CheckResult;
  return new Set(missed.filter((pod) => pod.namespace === namespace).map(({ pod }) => pod));
}

async function follow(): Promise<void> {
  for (const last = { ended: 0 }; !state.ended || state.sent > 0 || pods.size > 0; await sleep(300)) {
    await look();
    await audit();
    if (state.ended) last.ended ||= performance.now();
    if (last.ended > 0 && performance.now() - last.ended > 2 * patienceMs) break;
  }
}

const following = follow();
for await (const line of createInterface({ input: process.stdin })) {
  const { phase, pods: count } = JSON.parse(line) as { readonly phase: string; readonly pods: number };
  void createMany(phase, count).then(() => console.log(line));
}
while (state.sent > 0) await sleep(50);
state.ended = true;
await following;
const result: StreamReport = {
  ...report,
  phases,
  seconds: (performance.now() - from) / 1000,
  unnamed: [...report.unnamed, ...[...pods].filter(([, pod]) => !pod.injected && !pod.deleted).map(([name]) => name)],
};
console.log(JSON.stringify({ report: result }));
process.exit(0);
