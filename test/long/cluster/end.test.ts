import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { kill } from '../../../scripts/cluster/cgroups.ts';
import { logFile } from '../../../scripts/cluster/components.ts';
import { component } from '../../../scripts/cluster/up.ts';
import { createCaptureReader } from '../../../src/pcapng/index.ts';
import { appPod } from '../../support/cluster/apps.ts';
import {
  agentEvent,
  agentImage,
  captureFolder,
  injectAndApply,
  kube,
  podField,
  restarts,
} from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';
import {
  gaps,
  keepAll,
  numberedPackets,
  startSender,
  type NumberedPacket,
  type Sender,
} from '../../support/cluster/sequence.ts';
import { agentProcess } from '../../support/long/podProcesses.ts';

const node = inject('node');
const namespace = useNamespace('end');
const perSecond = 2000;
const farewellPort = 40_000;
const senders: Sender[] = [];
/** In seconds: after SIGTERM, which it notices within 100 ms, the agent captures for one more second. */
const drained = { least: 0.95, most: 2 };

/** An app that sends a packet when it ends, and one that ignores SIGTERM. */
const apps = {
  polite: `trap 'echo -n bye! >/dev/udp/10.250.0.1/${farewellPort}; exit' TERM QUIT; while :; do sleep 0.02; done`,
  stubborn: `trap '' TERM QUIT; while :; do sleep 1; done`,
};

function pod(name: keyof typeof apps, graceSeconds: number): string {
  return appPod(namespace, name, {
    graceSeconds,
    container: `      command: [bash, -c, ${JSON.stringify(apps[name])}]\n`,
  });
}

afterEach(() => {
  for (const sender of senders) sender.close();
});

/** Starts a captured pod; its files are small, so that some are closed while packets arrive. */
async function startPod(
  name: keyof typeof apps,
  graceSeconds: number,
): Promise<{ readonly address: string; readonly folder: string }> {
  const settings = ['--filter', 'udp', '--file-size', '1Mi', '--file-count', '100'];
  await injectAndApply(pod(name, graceSeconds), '--image', agentImage, ...settings);
  await kube(['wait', '-n', namespace, `pod/${name}`, '--for=condition=Ready', '--timeout=60s']);
  await agentEvent(namespace, name, 'started');
  return { address: await podField(namespace, name, '.status.podIP'), folder: await captureFolder(namespace, name) };
}

/** The name of the sidecar's container in containerd. */
async function containerOf(name: string): Promise<string> {
  const id = await podField(namespace, name, '.status.initContainerStatuses[?(@.name=="packet-capture")].containerID');
  return id.replace('containerd://', '');
}

/** When containerd sent SIGTERM to a container, in seconds since 1970, by its log. */
async function sigtermOf(container: string): Promise<number> {
  const log = await readFile(logFile(node, component('containerd')), 'utf8');
  const [, time = ''] =
    new RegExp(`^time="([^"]+)" level=info msg="Stop container \\\\"${container}\\\\" with signal`, 'm').exec(log) ??
    [];
  return Date.parse(time) / 1000;
}

/** Whether a file ends with a whole block. A file that was cut off nearly always ends within a packet. */
async function isWhole(file: string): Promise<boolean> {
  const reader = createCaptureReader(file);
  // A section header and an interface, at least.
  expect([...reader.push(await readFile(file))].length, file).toBeGreaterThanOrEqual(2);
  return reader.end() === undefined;
}

const seconds = (value: number): number => Math.round(value * 100) / 100;

describe(`a pod that gets ${perSecond} packets a second`, () => {
  /** Starts to send to the pod. @returns how many packets it sends; `sent` resolves when all are sent */
  function send(address: string, forSeconds: number): { readonly count: number; readonly sent: Promise<void> } {
    const sender = startSender();
    senders.push(sender);
    const count = perSecond * forSeconds;
    return { count, sent: sender.send({ address, count, first: 0, size: 100, perSecond }) };
  }

  /**
   * Deletes the pod while packets arrive.
   * @returns its packets, and for how many seconds after SIGTERM there are some: not a measure of time that this test
   * takes, since both moments are the kernel's and containerd's
   */
  async function deleteUnderTraffic(
    name: keyof typeof apps,
    graceSeconds: number,
  ): Promise<{ packets: NumberedPacket[]; files: string[]; afterSigterm: number }> {
    const { address, folder } = await startPod(name, graceSeconds);
    const keeper = await keepAll(folder);
    const { count } = send(address, 60);
    await sleep(5000);
    const container = await containerOf(name);
    await kube(['delete', 'pod', '-n', namespace, name, '--timeout=60s']);
    const files = await keeper.stop();
    const packets = await numberedPackets(files);
    expect(files.length).toBeGreaterThan(1);
    expect(packets.length, 'more was sent').toBeLessThan(count);
    expect(gaps(packets)).toEqual([]);
    expect(await isWhole(files.at(-1) ?? ''), 'the last file is closed in order').toBe(true);
    return { packets, files, afterSigterm: (packets.at(-1)?.time ?? Number.NaN) - (await sigtermOf(container)) };
  }

  test('when it is deleted, keeps all packets until one second after SIGTERM', async () => {
    const { packets, files, afterSigterm } = await deleteUnderTraffic('polite', 30);
    const [farewell] = await numberedPackets(files, farewellPort);
    console.log(JSON.stringify({ packets: packets.length, afterSigterm: seconds(afterSigterm) }));
    // The kubelet stops the sidecar after the end of the app.
    expect(farewell, 'the last packet of the app').toBeDefined();
    expect(afterSigterm).toBeGreaterThan(drained.least);
    expect(afterSigterm).toBeLessThan(drained.most);
  });

  test('when it is deleted and its app uses up the grace period, stops its sidecar cleanly', async () => {
    const { packets, afterSigterm } = await deleteUnderTraffic('stubborn', 1);
    console.log(JSON.stringify({ packets: packets.length, afterSigterm: seconds(afterSigterm) }));
    expect(afterSigterm).toBeGreaterThan(drained.least);
    expect(afterSigterm).toBeLessThan(drained.most);
  });

  test('when its sidecar is killed, loses at most the last two seconds of packets, and the app keeps running', async () => {
    const { address, folder } = await startPod('polite', 30);
    const app = await podField(namespace, 'polite', '.status.containerStatuses[0].containerID');
    const { count, sent } = send(address, 14);
    await sleep(5000);
    const agent = await agentProcess(namespace, 'polite');
    const killed = Date.now() / 1000;
    kill(agent);
    const before = await readdir(folder);
    await sent;
    await sleep(1500);
    const names = (await readdir(folder)).filter((name) => name.endsWith('.pcapng')).toSorted();
    const isOld = (name: string): boolean => before.includes(name);
    const [old, fresh] = await Promise.all(
      [names.filter(isOld), names.filter((name) => !isOld(name))].map(async (some) =>
        numberedPackets(some.map((name) => join(folder, name))),
      ),
    );
    const last = old?.at(-1) ?? { number: Number.NaN, time: Number.NaN };
    const first = fresh?.[0] ?? { number: Number.NaN, time: Number.NaN };
    console.log(
      JSON.stringify({
        beforeKill: old?.length,
        lostBeforeKill: seconds(killed - last.time),
        awayFor: seconds(first.time - killed),
        afterKill: fresh?.length,
      }),
    );
    expect(gaps(old ?? [])).toEqual([]);
    expect(killed - last.time).toBeLessThan(2);
    expect(gaps(fresh ?? [], first.number)).toEqual([]);
    expect(fresh?.at(-1)?.number).toBe(count - 1);
    expect(first.time - killed).toBeLessThan(10);
    expect(await podField(namespace, 'polite', '.status.containerStatuses[0].containerID')).toBe(app);
    expect(await restarts(namespace, 'polite')).toBe(1);
  });
});
