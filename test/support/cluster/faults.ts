import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject } from 'vitest';
import { hierarchies, kill } from '../../../scripts/cluster/cgroups.ts';
import { pidOf } from '../../../scripts/cluster/components.ts';
import { nodeName } from '../../../scripts/cluster/machine.ts';
import { pollUntil } from '../../../scripts/cluster/poll.ts';
import { noProgress } from '../../../scripts/cluster/progress.ts';
import { component, upCluster } from '../../../scripts/cluster/up.ts';
import { issueMaterial, servingNames, type CertificateMaterial } from '../../../src/certificates/index.ts';
import { kube } from './clusterFixture.ts';
import { injectorPids, type FaultFixture } from './faultFixture.ts';

const node = inject('node');
const injectors = 'app.kubernetes.io/component=injector';

/** One thing that goes wrong with a release. */
export interface Fault {
  /** What goes wrong; again before each part of the pods that are created meanwhile. */
  readonly strike: () => Promise<void>;
  /** What somebody does about it. */
  readonly mend: () => Promise<void>;
  /** Whether pods are sure to miss the sidecar, or sure not to; either, when it is a matter of luck. */
  readonly misses: 'some' | 'none' | 'perhaps';
}

/** SIGKILL to the process of `count` injectors; the kubelet starts them anew. */
export function killed(fixture: FaultFixture, count: number, misses: Fault['misses']): Fault {
  const strike = async (): Promise<void> => {
    for (const pid of (await injectorPids(fixture)).slice(0, count)) kill(pid);
  };
  // Without the kubelet's back-off, which can be minutes by now.
  return { strike, mend: async () => deleteInjectors(fixture), misses };
}

/** All accept connections and never answer, until the kubelet ends them since they do not live. */
export function wedged(fixture: FaultFixture): Fault {
  const strike = async (): Promise<void> => {
    for (const pid of await injectorPids(fixture)) process.kill(pid, 'SIGSTOP');
  };
  return { strike, mend: async () => Promise.resolve(), misses: 'some' };
}

/** All have one thousandth of a CPU, until the kubelet ends them since they do not live. */
export function starved(fixture: FaultFixture): Fault {
  const strike = async (): Promise<void> => {
    for (const pid of await injectorPids(fixture)) await limitCpu(pid);
  };
  return { strike, mend: async () => Promise.resolve(), misses: 'perhaps' };
}

async function limitCpu(pid: number): Promise<void> {
  const lines = (await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => ''))
    .trim()
    .split('\n')
    .map((line) => line.split(':'));
  const all = await hierarchies();
  // Both versions may be mounted; then CPU is a matter of the first.
  const { path, version } =
    all.find(({ controllers }) => controllers.includes('cpu')) ??
    all.find((hierarchy) => hierarchy.version === 2) ??
    expect.fail('no cgroups');
  const folder =
    lines.find(([id, names = '']) => (version === 2 ? id === '0' : names.split(',').includes('cpu')))?.[2] ?? '';
  const files =
    version === 2 ? { 'cpu.max': '1000 1000000' } : { 'cpu.cfs_quota_us': '1000', 'cpu.cfs_period_us': '1000000' };
  for (const [file, text] of Object.entries(files)) await writeFile(join(path, folder, file), text).catch(ignoreAbsent);
}

/** The container may have ended meanwhile. */
function ignoreAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** The API server trusts another CA than the one that has signed. */
export function mismatchedCa(fixture: FaultFixture): Fault {
  let before: string | undefined;
  return {
    strike: async () => {
      if (before !== undefined) return;
      before = await caBundleOf(fixture);
      await setCaBundle(fixture, (await materialFor(fixture, new Date(), 365)).caBundle);
    },
    mend: async () => setCaBundle(fixture, before ?? ''),
    misses: 'some',
  };
}

/** The certificate ends while it is served. */
export function expiredCertificate(fixture: FaultFixture): Fault {
  const secondsLeft = 45;
  let before: { readonly caBundle: string; readonly secret: string } | undefined;
  return {
    strike: async () => {
      if (before !== undefined) return;
      before = {
        caBundle: await caBundleOf(fixture),
        secret: await kube(['get', 'secret', certificates(fixture), '-n', fixture.namespace, '-o', 'jsonpath={.data}']),
      };
      const ends = Date.now() + secondsLeft * 1000;
      const material = await materialFor(fixture, new Date(ends - 86_400_000), 1);
      await setCaBundle(fixture, `${before.caBundle}${material.caBundle}`);
      await mount(
        fixture,
        'secret',
        certificates(fixture),
        { stringData: { 'tls.crt': material.certificate, 'tls.key': material.key } },
        '"reloaded","file":"certificate"',
      );
      await sleep(Math.max(0, ends - Date.now() + 1000));
      // The API server begins new connections; those that it has go on with a certificate that has ended.
      await setCaBundle(fixture, material.caBundle);
    },
    mend: async () => {
      await setCaBundle(fixture, before?.caBundle ?? '');
      await patch(['secret', certificates(fixture), '-n', fixture.namespace], {
        data: JSON.parse(before?.secret ?? '{}') as unknown,
      });
      await deleteInjectors(fixture);
    },
    misses: 'some',
  };
}

/** A configuration that cannot be read reaches injectors that run: they go on with the one that they have. */
export function brokenConfiguration(fixture: FaultFixture): Fault {
  let before: string | undefined;
  const name = `${fixture.release}-config`;
  return {
    strike: async () => {
      if (before !== undefined) return;
      before = await kube(['get', 'configmap', name, '-n', fixture.namespace, '-o', 'jsonpath={.data}']);
      await mount(
        fixture,
        'configmap',
        name,
        { data: { 'sidecarconfig.yaml': 'agent: [' } },
        '"refused","file":"configuration"',
      );
    },
    mend: async () => {
      await patch(['configmap', name, '-n', fixture.namespace], { data: JSON.parse(before ?? '{}') as unknown });
    },
    misses: 'none',
  };
}

/** The same, and the injectors are started anew with it, which they cannot. */
export function brokenConfigurationAtStart(fixture: FaultFixture): Fault {
  let before: string | undefined;
  const name = `${fixture.release}-config`;
  const set = async (data: object): Promise<void> => {
    await patch(['configmap', name, '-n', fixture.namespace], { data });
    await deleteInjectors(fixture);
  };
  return {
    strike: async () => {
      if (before !== undefined) return;
      before = await kube(['get', 'configmap', name, '-n', fixture.namespace, '-o', 'jsonpath={.data}']);
      await set({ 'sidecarconfig.yaml': 'agent: [' });
    },
    mend: async () => set(JSON.parse(before ?? '{}') as object),
    misses: 'some',
  };
}

/** Its process is killed and started anew. */
export function apiServerRestarted(): Fault {
  const strike = async (): Promise<void> => {
    const pid = await pidOf(node, component('kube-apiserver'));
    if (pid !== undefined) kill(pid);
    await upCluster({ name: node.name, onProgress: noProgress });
  };
  return { strike, mend: async () => Promise.resolve(), misses: 'none' };
}

/**
 * The injectors are evicted from the one node that there is, which takes new ones a while later alone: the
 * PodDisruptionBudget has to keep one until then.
 */
export function drained(fixture: FaultFixture): Fault {
  let drain: Promise<string> | undefined;
  return {
    strike: async () => {
      drain ??= kube([
        'drain',
        nodeName,
        `--pod-selector=${injectors},app.kubernetes.io/instance=${fixture.release}`,
        '--ignore-daemonsets',
        '--delete-emptydir-data',
      ]);
      await sleep(5000);
    },
    mend: async () => {
      const left = (
        await kube([
          'get',
          'pods',
          '-n',
          fixture.namespace,
          '-l',
          injectors,
          '-o',
          'jsonpath={.items[?(@.spec.nodeName)].status.conditions[?(@.type=="Ready")].status}',
        ])
      ).split(' ');
      await kube(['uncordon', nodeName]);
      expect(left, 'injectors on the cordoned node').toContain('True');
      const output = await drain;
      // The drain cordons first; what it finds in the end is a node that takes pods again.
      expect(output?.match(/ evicted$/gm)).toHaveLength(2);
      await kube(['uncordon', nodeName]);
    },
    misses: 'none',
  };
}

/** Not only told to end: an injector answers what comes over open connections until it has drained. */
async function deleteInjectors(fixture: FaultFixture): Promise<void> {
  const { namespace } = fixture;
  for (const pid of await injectorPids(fixture)) kill(pid);
  await kube(['delete', 'pods', '-n', namespace, '-l', injectors, '--force', '--grace-period=0']);
}

function certificates({ release }: FaultFixture): string {
  return `${release}-certs`;
}

async function materialFor(
  { release, namespace }: FaultFixture,
  now: Date,
  days: number,
): Promise<CertificateMaterial> {
  return issueMaterial({ dnsNames: servingNames(release, namespace), now, days });
}

/** As PEM text. */
async function caBundleOf({ release, namespace }: FaultFixture): Promise<string> {
  const text = await kube([
    'get',
    'mutatingwebhookconfiguration',
    `${release}.${namespace}`,
    '-o',
    'jsonpath={.webhooks[0].clientConfig.caBundle}',
  ]);
  return Buffer.from(text, 'base64').toString();
}

async function setCaBundle({ release, namespace }: FaultFixture, caBundle: string): Promise<void> {
  const value = Buffer.from(caBundle).toString('base64');
  const operations = [0, 1, 2].map((index) => ({
    op: 'replace',
    path: `/webhooks/${index}/clientConfig/caBundle`,
    value,
  }));
  await patch(['mutatingwebhookconfiguration', `${release}.${namespace}`, '--type=json'], operations);
}

/** Changes what is mounted into the injectors, and waits until each has logged the event. */
async function mount(
  { namespace }: FaultFixture,
  kind: string,
  name: string,
  changes: object,
  event: string,
): Promise<void> {
  await patch([kind, name, '-n', namespace], changes);
  // The kubelet looks at a pod's volumes when the pod changes.
  await kube([
    'annotate',
    'pods',
    '-n',
    namespace,
    '-l',
    injectors,
    '--overwrite',
    `packet-capture-test/changed=${Date.now()}`,
  ]);
  const pods = (await kube(['get', 'pods', '-n', namespace, '-l', injectors, '-o', 'name'])).trim().split('\n');
  const seen = async (): Promise<boolean> => {
    const logs = await Promise.all(pods.map(async (pod) => kube(['logs', '-n', namespace, pod])));
    return logs.every((log) => log.includes(`"event":${event}`));
  };
  expect(await pollUntil(seen, { everyMs: 500, timeoutMs: 120_000 }), `${event} in the logs of ${pods.join(' ')}`).toBe(
    true,
  );
}

/** By a file, since arguments can be read by everybody, and kubectl takes no patch from its standard input. */
async function patch(args: readonly string[], changes: object): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-test-'));
  const file = join(folder, 'patch.json');
  await writeFile(file, JSON.stringify(changes), { mode: 0o600 });
  try {
    await kube(['patch', ...args, `--patch-file=${file}`]);
  } finally {
    await rm(folder, { recursive: true });
  }
}
