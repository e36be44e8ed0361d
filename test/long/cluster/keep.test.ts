import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { run } from '../../../scripts/cluster/command.ts';
import { kubectl } from '../../../scripts/cluster/kubectl.ts';
import { inMachine } from '../../../scripts/cluster/machine.ts';
import type { AgentStatus } from '../../../src/captures/agentStatus.ts';
import { mapParallel } from '../../../src/captures/parallel.ts';
import { packetNumbers } from '../../support/agent/captureFile.ts';
import { until } from '../../support/agent/until.ts';
import { appPod } from '../../support/cluster/apps.ts';
import {
  agentEvent,
  agentImage,
  captureFolder,
  cli,
  injectAndApply,
  kube,
  podField,
} from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';
import { startSender, type Sender } from '../../support/cluster/sequence.ts';
import { deployment, uploadFixture } from '../../support/cluster/uploadFixture.ts';
import { failingApps, failingPod, requestPort } from '../../support/long/failingApps.ts';
import { startKeepWatch } from '../../support/long/keepWatch.ts';
import { keptCount, keptFolders, requestTexts } from '../../support/long/keptFolders.ts';

const node = inject('node');
const namespace = useNamespace('keep');
const filter = `udp dst port ${requestPort}`;
let folder: string;
let sender: Sender;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-keep-'));
  sender = startSender();
});
afterAll(async () => {
  sender.close();
  await rm(folder, { recursive: true });
});

/** The command line in the namespace. @returns its standard error */
async function command(args: readonly string[], expected = 0): Promise<string> {
  const { exitCode, stderr } = await cli([...args, '-n', namespace]);
  expect(exitCode, `${args.join(' ')}\n${stderr}`).toBe(expected);
  return stderr;
}

test('--watch keeps once what led to an OOM kill, to each end of a crash loop, and to a failed liveness probe; and it is downloaded', async () => {
  const label = 'watched';
  for (const app of failingApps(label))
    await injectAndApply(failingPod(namespace, app), '--image', agentImage, '--filter', filter);
  const watch = await startKeepWatch(
    '-l',
    `app=${label}`,
    '-n',
    namespace,
    '--last',
    '30s',
    '--and',
    '1s',
    '--pause',
    '1s',
  );
  const of = (pod: string): typeof watch.keeps => watch.keeps.filter((keep) => keep.pod === pod);
  const done = (): boolean => of('oom').length > 0 && of('probe').length > 0 && of('loop').length >= 4;
  await until('keeps', done, { milliseconds: 300_000, instead: () => [watch.keeps, watch.said] });
  // Between the third run and the fourth the kubelet has waited.
  const waiting = '.status.containerStatuses[0].state.waiting.reason';
  await until('CrashLoopBackOff', async () => (await podField(namespace, 'loop', waiting)) === 'CrashLoopBackOff', {
    milliseconds: 120_000,
  });
  expect(await watch.stop()).toBe(130);

  expect(watch.keeps.filter(({ result }) => result !== 'kept')).toEqual([]);
  expect(of('oom')).toMatchObject([{ reason: 'OOMKilled', exitCode: 137, leftOut: 0, cause: null }]);
  const probeFailed = expect.stringMatching(/^Liveness probe failed/) as string;
  expect(of('probe')).toMatchObject([{ reason: 'Error', exitCode: 137, leftOut: 0, cause: probeFailed }]);
  // After its first end it is started at once, after each later one the kubelet waits.
  expect(of('loop').map(({ backOff }) => backOff)).toEqual(of('loop').map((_, index) => index > 0));
  expect(of('loop').at(-1)?.event).toMatch(/CrashLoopBackOff$/);
  const codes = of('loop').map(({ exitCode }) => exitCode);
  expect(codes).toEqual(codes.map((_, index) => 41 + index));
  const to = join(folder, 'watched');
  await command(['download', '-l', `app=${label}`, '--kept', '--output', to]);
  const kept = await keptFolders(to);
  expect(kept).toHaveLength(watch.keeps.length);
  // The keeps of the crash loop overlap.
  const merged = join(folder, 'loop.pcapng');
  await command(['download', 'loop', '--kept', '--output', to, '--merge', merged, '--names', 'off']);
  expect(await requestTexts([merged])).toEqual(codes.map((code) => `loop ${(code ?? 0) - 40}`));
  for (const { pod, exitCode, kept: own, event } of watch.keeps) {
    const one = kept.find((each) => each.pod === pod && each.id === own?.id);
    expect(one?.note, event).toMatchObject({
      trigger: 'annotation',
      complete: true,
      dropped: 0,
      reason: expect.stringContaining(event),
    });
    expect(one?.texts, event).toContain(pod === 'loop' ? `loop ${(exitCode ?? 0) - 40}` : `${pod} 1`);
  }
});

test('20 of 20 apps that fail at a random moment: the request that failed, a minute before, is kept and in the bucket, though the ring wraps', async () => {
  const fixture = await uploadFixture(namespace);
  await fixture.putSecret();
  const label = 'random';
  const pods = Array.from({ length: 20 }, (_, number) => `random-${number}`);
  const script = `
    requests() { n=0; while [ $SECONDS -lt $1 ]; do n=$(( n + 1 )); say "request $n"; sleep 0.5; done; }
    requests $(( 10 + RANDOM % 20 ))
    sleep 0.$(( RANDOM % 10 ))
    say "failed $HOSTNAME"; echo failed
    requests 100000`;
  // A ring of two minutes.
  const settings = [
    '--filter',
    filter,
    '--rotate',
    '10s',
    '--file-count',
    '12',
    '--file-size',
    '1Mi',
    '--upload',
    's3:captures/prod',
  ];
  await mapParallel(pods, 4, async (name) =>
    injectAndApply(failingPod(namespace, { name, label, script }), '--image', agentImage, ...settings),
  );
  const keeps = pods.map(async (pod) => {
    const failedAt = await until(
      `failure of ${pod}`,
      async () => {
        await sleep(2000);
        // It fails as long as the container is being made.
        const { exitCode, stdout } = await kubectl(node, ['logs', '-n', namespace, pod, '-c', 'app', '--timestamps']);
        return exitCode === 0 && stdout.includes(' failed')
          ? Date.parse(stdout.slice(0, stdout.indexOf(' ')))
          : undefined;
      },
      { milliseconds: 240_000 },
    );
    await sleep(Math.max(0, failedAt + 60_000 - Date.now()));
    // All that the ring has.
    await command(['keep', pod, '--last', '2m', '--reason', 'a request failed']);
    return [pod, failedAt] as const;
  });
  const failedAt = new Map(await Promise.all(keeps));
  const late: number[] = [];
  // The ring has nothing of that time any more.
  await sleep(130_000);
  const inRing = await Promise.all(
    pods.map(async (pod) => {
      const ring = join(folder, 'ring', pod);
      await command(['download', pod, '--output', ring]);
      const { stdout } = await run(['find', ring, '-name', '*.pcapng', '-not', '-path', '*/kept/*']);
      return requestTexts(stdout.trim().split('\n'));
    }),
  );
  expect(inRing.flat().filter((text) => text.startsWith('failed'))).toEqual([]);
  expect(inRing.every((texts) => texts.length > 0)).toBe(true);

  const to = join(folder, 'random');
  await command(['download', '-l', `app=${label}`, '--kept', '--output', to]);
  await until('keeps in the bucket', async () => (await keptCount(fixture.bucket)) === pods.length, {
    milliseconds: 120_000,
  });
  for (const place of [to, fixture.bucket]) {
    const kept = await keptFolders(place);
    expect(kept.map(({ pod }) => pod).toSorted()).toEqual(pods.toSorted());
    for (const { pod, note, texts } of kept) {
      const [from, asked] = [note['from'], note['requestedAt']].map((time) => Date.parse(String(time)));
      // On a machine that is too slow it asks too late.
      expect(failedAt.get(pod), `${place}: ${pod}, the window`).toBeGreaterThan(from ?? 0);
      late.push(Math.round(((asked ?? 0) - (failedAt.get(pod) ?? 0)) / 1000));
      expect(
        texts.filter((text) => text.startsWith('failed')),
        `${place}: ${pod}`,
      ).toEqual([`failed ${pod}`]);
      expect(note).toMatchObject({ pod, complete: true, dropped: 0 });
    }
  }
  console.log(JSON.stringify({ secondsFromFailureToKeep: { least: Math.min(...late), most: Math.max(...late) } }));
  await kube(['delete', 'pods', '-n', namespace, '-l', `app=${label}`, '--wait=false']);
});

test('a pod that is deleted while its window lasts: what there was until then is in the bucket, as a keep that is not complete', async () => {
  const fixture = await uploadFixture(namespace);
  await fixture.putSecret();
  await injectAndApply(
    deployment(namespace),
    '--image',
    agentImage,
    '--filter',
    filter,
    '--upload',
    's3:captures/prod',
  );
  await kube(['rollout', 'status', '-n', namespace, 'deploy/web', '--timeout=60s']);
  const pod = (await kube(['get', 'pods', '-n', namespace, '-l', 'app=web', '-o', 'name'])).trim().replace('pod/', '');
  await agentEvent(namespace, pod, 'started');
  const address = await podField(namespace, pod, '.status.podIP');
  await sender.send({ address, count: 20, first: 0, size: 100, perSecond: 100 });
  const window = ['--last', '1m', '--and', '10m', '--wait=false'];
  expect(await command(['keep', 'deploy/web', ...window])).toContain('its agent goes on until');
  await sender.send({ address, count: 20, first: 20, size: 100, perSecond: 100 });
  await kube(['delete', 'pod', '-n', namespace, pod, '--wait=true', '--timeout=60s']);
  const [kept, ...more] = await keptFolders(fixture.bucket);
  expect(more).toEqual([]);
  expect(kept?.note).toMatchObject({
    pod,
    complete: false,
    interrupted: true,
    packets: 40,
    dropped: 0,
    ended: expect.any(String),
  });
  const { stdout } = await run(['find', fixture.bucket, '-path', '*/kept/*', '-name', '*.pcapng']);
  const numbers = (await Promise.all(stdout.trim().split('\n').map(packetNumbers))).flat();
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, number) => number));
});

test('on a full disk files are kept all the same; what cannot be written is said, counted, and written later', async () => {
  // A file system of its own in the place of the volume, before the kubelet makes it: the pod waits for that at a gate.
  const gate = '  schedulingGates: [{name: packet-capture-test/disk}]\n';
  await injectAndApply(
    appPod(namespace, 'full', { graceSeconds: 1, spec: gate }),
    '--image',
    agentImage,
    '--filter',
    filter,
  );
  const volume = await captureFolder(namespace, 'full');
  // The kubelet removes folders of pods that it does not know, also between the two commands.
  const mountOnce = 'mkdir -p "$0" && mount -t tmpfs -o size=16m,mode=1777 tmpfs "$0"';
  await run(await inMachine(node, ['sh', '-c', `for try in 1 2 3 4 5; do ${mountOnce} && exit; done; exit 1`, volume]));
  const open = '[{"op":"remove","path":"/spec/schedulingGates"}]';
  await kube(['patch', 'pod', '-n', namespace, 'full', '--type=json', '-p', open]);
  await kube(['wait', '-n', namespace, 'pod/full', '--for=condition=Ready', '--timeout=60s']);
  await agentEvent(namespace, 'full', 'started');
  await sender.send({
    address: await podField(namespace, 'full', '.status.podIP'),
    count: 100,
    first: 0,
    size: 100,
    perSecond: 100,
  });
  await command(['stop', 'full']);
  const inSidecar = async (script: string): Promise<void> => {
    await kubectl(node, ['exec', '-n', namespace, 'full', '-c', 'packet-capture', '--', 'sh', '-c', script]);
  };
  await inSidecar('head -c 100000000 /dev/zero > /captures/filler');
  const said = await command(['keep', 'full', '--last', '5m', '--timeout', '20s'], 1);
  expect(said).toMatch(/no space/);
  expect(await agentEvent(namespace, 'full', 'kept')).toMatchObject({ files: 1, packets: 100 });
  const asked = ['exec', '-n', namespace, 'full', '-c', 'packet-capture', '--', 'packet-capture-agent', 'status'];
  const { kept = {} } = JSON.parse(await kube(asked)) as AgentStatus;
  expect(kept).toMatchObject({ keeps: 1, files: 1 });
  expect(kept.failed).toBeGreaterThan(0);
  await inSidecar('rm /captures/filler');
  const to = join(folder, 'full');
  await until(
    'note',
    async () => {
      await cli(['download', 'full', '-n', namespace, '--kept', '--output', to]);
      const [one] = await keptFolders(to);
      return one?.note['packets'] === 100;
    },
    { milliseconds: 60_000 },
  );
});
