import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readStatus, statusWhen } from '../../support/agent/agentFiles.ts';
import { until } from '../../support/agent/until.ts';
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
import { gaps, keepAll, numberedPackets, startSender, type Sender } from '../../support/cluster/sequence.ts';
import { agentProcess } from '../../support/long/podProcesses.ts';
import { watchPods, type PodWatch } from '../../support/long/podWatch.ts';
import { servingPod } from '../../support/long/servingPod.ts';

const namespace = useNamespace('steering');
const perSecond = 1000;
const changes = 100;
let sender: Sender;
let watch: PodWatch;

beforeAll(() => {
  sender = startSender();
});
afterAll(async () => {
  sender.close();
  await watch.stop();
});

/** All let the numbered packets through, and nothing else. */
const filter = (index: number): string => `udp port 9999 and not port ${10_000 + index}`;

const setFilter = async (index: number): Promise<string> =>
  kube(['annotate', 'pod', '-n', namespace, 'web', `packet-capture/filter=${filter(index)}`, '--overwrite']);

test(`when the filter is changed ${changes} times under traffic, and then ${changes} times as fast as possible, the app is not affected, and no packet is lost`, async () => {
  await injectAndApply(
    servingPod(namespace, 'web'),
    '--image',
    agentImage,
    '--filter',
    filter(0),
    '--file-count',
    '200',
    '--file-size',
    '1Mi',
  );
  await kube(['wait', '-n', namespace, 'pod/web', '--for=condition=Ready', '--timeout=60s']);
  watch = await watchPods(namespace);
  await agentEvent(namespace, 'web', 'started');
  const folder = await captureFolder(namespace, 'web');
  const keeper = await keepAll(folder);
  const address = await podField(namespace, 'web', '.status.podIP');

  const done = new AbortController();
  let sent = 0;
  const sending = (async () => {
    for (; !done.signal.aborted; sent += perSecond)
      await sender.send({ address, count: perSecond, first: sent, size: 100, perSecond });
  })();
  const setting = `/proc/${await agentProcess(namespace, 'web')}/root/etc/packet-capture/settings/filter`;
  const [brought, taken]: [number[], number[]] = [[], []];
  const since = (from: number): number => Math.round((performance.now() - from) / 10) / 100;
  /**
   * The kubelet brings it, now and then only when it looks at the pod anyway, once a minute or so; then the agent takes
   * it.
   */
  const takes = async (index: number): Promise<void> => {
    const asked = performance.now();
    const isThere = async (): Promise<boolean> => (await readFile(setting, 'utf8').catch(() => '')) === filter(index);
    await until(`filter ${index} in the pod`, isThere, { milliseconds: 180_000 });
    brought.push(since(asked));
    const there = performance.now();
    await statusWhen(
      `with filter ${index}`,
      folder,
      ({ state, filter: current }) => state === 'capturing' && current === filter(index),
    );
    taken.push(since(there));
  };
  for (let index = 1; index <= changes; index += 1) {
    await setFilter(index);
    await takes(index);
    await sleep(300);
  }
  const slow = sent;
  for (let index = changes + 1; index <= 2 * changes; index += 1) await setFilter(index);
  await takes(2 * changes);
  await sleep(1000);
  done.abort();
  await sending;
  await sleep(1500);

  const packets = await numberedPackets(await keeper.stop());
  const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);
  const spread = (values: readonly number[]): object => ({
    median: values[Math.floor(values.length / 2)],
    p98: values.at(-3),
    most: values.at(-1),
  });
  console.log(
    JSON.stringify({
      sent,
      sentBeforeTheFastOnes: slow,
      secondsUntilBrought: spread(sorted(brought.slice(0, changes))),
      secondsUntilTaken: spread(sorted(taken.slice(0, changes))),
      theLastOfTheFastOnes: [brought.at(-1), taken.at(-1)],
    }),
  );
  expect(watch.harm()).toEqual([]);
  expect(await restarts(namespace, 'web')).toBe(0);
  expect(gaps(packets)).toEqual([]);
  expect(packets).toHaveLength(sent);
  expect((await readStatus(folder))?.['dropped']).toEqual({ kernel: 0, interface: 0, queue: 0 });
});
