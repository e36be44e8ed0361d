import { afterAll, beforeAll, expect, test } from 'vitest';
import { agentEvent, agentImage, injectAndApply, kube, podField } from '../support/cluster/clusterFixture.ts';
import { useNamespace } from '../support/cluster/namespace.ts';
import { startSender, type Sender } from '../support/cluster/sequence.ts';
import { deployment, expectUploaded, uploadFixture } from '../support/cluster/uploadFixture.ts';

const namespace = useNamespace('upload');
let sender: Sender;

beforeAll(() => {
  sender = startSender();
});
afterAll(() => sender.close());

test('a pod uploads its captures, and the last file when it is deleted: every packet is in the bucket, as the JSON next to it says', async () => {
  const fixture = await uploadFixture(namespace);
  await fixture.putSecret();
  await injectAndApply(
    deployment(namespace),
    '--image',
    agentImage,
    '--filter',
    'udp port 9999',
    '--rotate',
    '1s',
    '--upload',
    's3:captures/prod',
  );
  await kube(['rollout', 'status', '-n', namespace, 'deploy/web', '--timeout=240s']);
  const pod = (await kube(['get', 'pods', '-n', namespace, '-o', 'name'])).trim().replace('pod/', '');
  await agentEvent(namespace, pod, 'started');
  const address = await podField(namespace, pod, '.status.podIP');
  await sender.send({ address, count: 300, first: 0, size: 100, perSecond: 100 });
  expect(await agentEvent(namespace, pod, 'uploaded')).toMatchObject({ files: expect.any(Array) });
  await sender.send({ address, count: 50, first: 300, size: 100, perSecond: 1000 });
  await kube(['delete', 'deployment', '-n', namespace, 'web', '--cascade=foreground', '--timeout=240s']);
  const files = await fixture.uploaded();
  expect(files.length).toBeGreaterThanOrEqual(3);
  await expectUploaded(files, namespace, pod, 350);
});
