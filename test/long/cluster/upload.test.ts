import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { credentials } from '../../support/agent/bucket.ts';
import { until } from '../../support/agent/until.ts';
import {
  agentEvent,
  agentEvents,
  agentImage,
  injectAndApply,
  kube,
  podField,
  restarts,
} from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';
import { startSender, type Sender } from '../../support/cluster/sequence.ts';
import { deployment, expectUploaded, uploadFixture } from '../../support/cluster/uploadFixture.ts';

const namespace = useNamespace('secret');
const perSecond = 100;
let sender: Sender;

beforeAll(() => {
  sender = startSender();
});
afterAll(() => sender.close());

test('when the Secret is created after the pod and its keys change, uploads begin, stop and continue without a restart, and no packet is missing', async () => {
  const fixture = await uploadFixture(namespace);
  // A ring that holds what is captured while nothing can be uploaded.
  const settings = [
    '--filter',
    'udp port 9999',
    '--rotate',
    '5s',
    '--file-size',
    '1Mi',
    '--file-count',
    '200',
    '--upload',
    's3:captures/prod',
  ];
  await injectAndApply(deployment(namespace), '--image', agentImage, ...settings);
  await kube(['rollout', 'status', '-n', namespace, 'deploy/web', '--timeout=60s']);
  const pod = (await kube(['get', 'pods', '-n', namespace, '-o', 'name'])).trim().replace('pod/', '');
  await agentEvent(namespace, pod, 'started');
  const address = await podField(namespace, pod, '.status.podIP');
  const done = new AbortController();
  let sent = 0;
  const sending = (async () => {
    for (; !done.signal.aborted; sent += perSecond)
      await sender.send({ address, count: perSecond, first: sent, size: 100, perSecond });
  })();
  const uploads = async (): Promise<number> =>
    (await agentEvents(namespace, pod)).filter(({ event }) => event === 'uploaded').length;
  /** Seconds until there is one upload more. */
  const nextUpload = async (): Promise<number> => {
    const [from, before] = [performance.now(), await uploads()];
    await until('another upload', async () => (await uploads()) > before, { milliseconds: 300_000 });
    return Math.round((performance.now() - from) / 1000);
  };

  expect(await agentEvent(namespace, pod, 'upload failed')).toMatchObject({
    reason: expect.stringContaining('the Secret packet-capture-upload is not there'),
  });
  await sleep(5000);
  await fixture.putSecret();
  const firstAfter = await nextUpload();

  await fixture.server.stop();
  const keys = { access: 'ANOTHERACCESSKEY', secret: 'another/secret+key/of+the+bucket' };
  await fixture.server.start(keys);
  const failed = async (): Promise<string[]> =>
    (await agentEvents(namespace, pod))
      .filter(({ event }) => event === 'upload failed')
      .map(({ reason = '' }) => reason);
  let reasons: string[] = [];
  const refused = async (): Promise<string | undefined> => {
    reasons = await failed();
    return reasons.find((reason) => /StatusCode: 40[34]/.test(reason));
  };
  const refusal = await until('refusal', refused, { milliseconds: 120_000, instead: () => reasons });
  await fixture.putSecret(keys);
  const nextAfter = await nextUpload();

  done.abort();
  await sending;
  const inBucket = async (): Promise<boolean> => {
    // One may be on its way at this moment.
    const there = await fixture.uploaded().catch(() => []);
    return there.reduce((sum, { json }) => sum + Number(json['packets']), 0) >= sent;
  };
  await until('last packet in the bucket', inBucket, { milliseconds: 120_000, instead: () => reasons });
  console.log(JSON.stringify({ secondsToFirstUpload: firstAfter, secondsToNextUpload: nextAfter, refusal, sent }));
  expect(await restarts(namespace, pod)).toBe(0);
  const log = await kube(['logs', '-n', namespace, pod, '-c', 'packet-capture']);
  for (const word of [credentials, keys].flatMap(({ access, secret }) => [access, secret]))
    expect(log).not.toContain(word);
  expect(log).not.toContain('"upload lost"');
  const files = await fixture.uploaded();
  await expectUploaded(files, namespace, pod, sent);
});
