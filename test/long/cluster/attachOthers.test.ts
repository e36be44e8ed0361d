import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, inject, test } from 'vitest';
import { ensureNodeImage, loadImage } from '../../../scripts/cluster/images.ts';
import { clusterEnvironment, runInNetns } from '../../../scripts/cluster/kubectl.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureSlimAgentImage } from '../../../scripts/images/images.ts';
import type { Container, Pod } from '../../../src/kubernetes/api/types.ts';
import { kube, namespaceYaml, nginxImage, podField, restarts } from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';
import { firstPacket, median, type Seen } from '../../support/long/attach/firstPacket.ts';

/**
 * `attach` and what else can capture in a pod that runs: `kubectl debug` with each of its profiles, and an image with
 * tcpdump that runs as root, as such images do. The table in docs/attach.md has what this test prints.
 */
const node = inject('node');
const shop = useNamespace('attach-others');
const [baseline, restricted] = [`${shop}-baseline`, `${shop}-restricted`];
const tools = 'localhost/packet-capture/tcpdump:1';
const rounds = 5;
let image: string;
let kubectl: readonly string[];

const profiles = ['general', 'baseline', 'restricted', 'netadmin', 'sysadmin', 'legacy'] as const;
type Profile = (typeof profiles)[number];

/** Pods to which each way is tried, the first for the times. */
const kinds = { root: shop, 'non-root': shop, baseline, restricted } as const;
type Kind = keyof typeof kinds;
const allKinds = Object.keys(kinds) as Kind[];
const otherKinds = allKinds.slice(1);

const securityOfPod: Record<Kind, object> = {
  root: {},
  'non-root': { runAsUser: 1000 },
  baseline: {},
  restricted: { runAsUser: 1000, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
};

beforeAll(async () => {
  image = await ensureSlimAgentImage(stderrProgress);
  await loadImage(node, image, stderrProgress);
  await loadImage(node, await ensureNodeImage('tcpdump', tools, stderrProgress), stderrProgress);
  const { KUBECTL: program = '' } = await clusterEnvironment(node);
  kubectl = [program, `--kubeconfig=${node.kubeconfig}`];
  await kube(
    ['apply', '-f', '-'],
    [namespaceYaml(baseline, 'baseline'), namespaceYaml(restricted, 'restricted')].join('---\n'),
  );
  const fresh = Array.from({ length: rounds }, (_, round) => pod(`attach-root-${round}`, 'root'));
  const items = [
    ...fresh,
    ...otherKinds.map((kind) => pod(`attach-${kind}`, kind)),
    ...profiles.flatMap((profile) => allKinds.map((kind) => pod(`${profile}-${kind}`, kind))),
  ];
  await kube(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  for (const namespace of [shop, baseline, restricted])
    await kube(['wait', 'pods', '--all', '-n', namespace, '--for=condition=Ready', '--timeout=120s']);
  return async () =>
    kube(['delete', 'namespace', baseline, restricted, '--ignore-not-found', '--wait=false']).then(() => undefined);
});

function pod(name: string, kind: Kind): object {
  const security = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  const app = { name: 'app', image: nginxImage, imagePullPolicy: 'Never', command: ['sleep', '3000'] };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: kinds[kind] },
    spec: {
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      securityContext: securityOfPod[kind],
      containers: [kind === 'restricted' ? { ...app, securityContext: security } : app],
    },
  };
}

const withinSeconds = 8;
const tcpdump = ['--', 'tcpdump', '-i', 'eth0', '-U', '-w', '-', 'udp'];

function debug(profile: Profile, name: string, namespace: string): string[] {
  const where = [name, '-n', namespace, `--profile=${profile}`];
  return [...kubectl, 'debug', ...where, `--image=${tools}`, '--image-pull-policy=Never', '-q'];
}

async function attachOnce(name: string, namespace: string): Promise<Seen> {
  const program = [process.execPath, 'bin/packet-capture.js', 'attach', name, '-n', namespace, '--image', image];
  return firstPacket([...program, '-o', '-'], await podField(namespace, name, '.status.podIP'));
}

/** tcpdump as the container's program, whose output kubectl takes. */
async function debugByInput(profile: Profile): Promise<Seen> {
  const program = [...debug(profile, `${profile}-root`, shop), '-i', ...tcpdump];
  return firstPacket(program, await addressOf(profile, 'root'), { withinSeconds });
}

/** A container that sleeps, in which tcpdump is started by a second command. */
async function debugByExec(profile: Profile, kind: Kind, container: string): Promise<Seen> {
  const [name, namespace] = [`${profile}-${kind}`, kinds[kind]];
  const address = await addressOf(profile, kind);
  const begun = performance.now();
  const [program = '', ...args] = debug(profile, name, namespace);
  const added = await runInNetns(node, [program, ...args, '-c', container, '--attach=false', '--', 'sleep', '3000']);
  if (added.exitCode !== 0) return { seconds: undefined, whole: false, stderr: added.stderr };
  const state = async (): Promise<string> =>
    podField(namespace, name, `.status.ephemeralContainerStatuses[?(@.name=="${container}")].state`);
  for (;;) {
    const now = await state();
    if (now.includes('running')) break;
    const over = performance.now() - begun > withinSeconds * 1000;
    if (over || now.includes('Error')) return { seconds: undefined, whole: false, stderr: now };
    await sleep(50);
  }
  const exec = [...kubectl, 'exec', name, '-n', namespace, '-c', container, ...tcpdump];
  return firstPacket(exec, address, { withinSeconds, begun });
}

async function addressOf(way: Profile, kind: Kind): Promise<string> {
  return podField(kinds[kind], `${way}-${kind}`, '.status.podIP');
}

async function ephemeral(name: string): Promise<{ readonly spec: readonly Container[]; readonly running: number }> {
  const { spec, status } = JSON.parse(await kube(['get', 'pod', name, '-n', shop, '-o', 'json'])) as Pod;
  const running = status?.ephemeralContainerStatuses?.filter(({ state }) => state?.running !== undefined) ?? [];
  return { spec: (spec?.['ephemeralContainers'] ?? []) as readonly Container[], running: running.length };
}

/** What came of it, in a few words. */
function outcome({ seconds, stderr }: Seen): string {
  return seconds === undefined ? `no packet: ${stderr.trim().split('\n').join(' ').slice(0, 400)}` : 'captured';
}

/** Prints what was seen of a way, and what it has left in a pod; the number of containers. */
async function report(
  way: string,
  name: string,
  all: Readonly<Record<string, readonly Seen[]>>,
  others: Readonly<Record<string, Seen>>,
): Promise<number> {
  await sleep(2000);
  const { spec, running } = await ephemeral(name);
  const figures = Object.entries(all).map(([how, seen]) => {
    const times = seen.flatMap(({ seconds = Number.NaN }) => (Number.isNaN(seconds) ? [] : [seconds]));
    const whole = seen.filter((one) => one.whole).length;
    const text = `packets ${times.length}, file header ${whole} of ${seen.length}, median ${median(times).toFixed(2)} s`;
    return [how, times.length > 0 ? text : outcome(seen[0] as Seen)];
  });
  console.log(
    JSON.stringify({
      way,
      ...(Object.fromEntries(figures) as object),
      others: Object.fromEntries(Object.entries(others).map(([kind, seen]) => [kind, outcome(seen)])),
      containers: spec.length,
      running,
      securityContext: spec[0]?.['securityContext'] ?? null,
    }),
  );
  expect(await restarts(shop, name)).toBe(0);
  return spec.length;
}

test('attach next to kubectl debug, in turns: what they can capture, how fast, and what they leave', async () => {
  const attached: Seen[] = [];
  const debugged = new Map(profiles.map((profile) => [profile, { byInput: [] as Seen[], byExec: [] as Seen[] }]));
  for (let round = 0; round < rounds; round += 1) {
    attached.push(await attachOnce(`attach-root-${round}`, shop));
    for (const [profile, { byInput, byExec }] of debugged) {
      byInput.push(await debugByInput(profile));
      byExec.push(await debugByExec(profile, 'root', `tools-${round}`));
    }
  }
  const others: Record<string, Seen> = {};
  for (const kind of otherKinds) others[kind] = await attachOnce(`attach-${kind}`, kinds[kind]);
  // Somebody else comes later.
  await attachOnce('attach-root-0', shop);
  expect(await report('attach', 'attach-root-0', { attached }, others)).toBe(1);
  for (const [profile, seen] of debugged) {
    const refused: Record<string, Seen> = {};
    for (const kind of otherKinds) refused[kind] = await debugByExec(profile, kind, 'tools');
    expect(await report(profile, `${profile}-root`, seen, refused)).toBe(2 * rounds);
  }
  expect(attached.every(({ whole, seconds }) => whole && seconds !== undefined)).toBe(true);
  expect(Object.values(others).map(outcome)).toEqual(['captured', 'captured', expect.stringContaining('POD_SECURITY')]);
});
