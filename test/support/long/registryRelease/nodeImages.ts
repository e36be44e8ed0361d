import { expect, inject } from 'vitest';
import { run } from '../../../../scripts/cluster/command.ts';
import { programPaths } from '../../../../scripts/cluster/goBuild.ts';
import { containerdOf } from '../../../../scripts/cluster/goModules.ts';
import { versionsOf } from '../../../../scripts/cluster/nodeVersions.ts';
import { until } from '../../agent/until.ts';
import { kube, podField } from '../../cluster/clusterFixture.ts';

const node = inject('node');

async function ctr(...args: readonly string[]): Promise<string> {
  const { ctr: program } = await programPaths(containerdOf((await versionsOf(node)).containerd));
  return (await run([program, `--address=${node.containerdSocket}`, '--namespace=k8s.io', ...args])).stdout;
}

/** The images that containerd has pulled from a registry, by name. */
export async function pulledImages(registry: string): Promise<string[]> {
  const names = (await ctr('images', 'list', '--quiet')).split('\n');
  return names.filter((name) => name.startsWith(`${registry}/`)).toSorted();
}

/** Takes from the node what it has pulled from a registry: also the blobs, and the names that are digests alone. */
export async function forgetImages(registry: string, digests: readonly string[]): Promise<void> {
  const listed = (await ctr('images', 'list')).split('\n').map((line) => line.split(/\s+/));
  const ours = listed.filter(
    ([name = '', , digest = '']) => name.startsWith(`${registry}/`) || digests.includes(digest),
  );
  const names = ours.flatMap(([name]) => name ?? []);
  if (names.length > 0) await ctr('images', 'remove', '--sync', ...names);
  await until('node without the images', async () => !(await hasContent(digests)));
}

/** Whether containerd has the bytes of one of these digests. */
export async function hasContent(digests: readonly string[]): Promise<boolean> {
  const known = (await ctr('content', 'list', '--quiet')).split('\n');
  return digests.some((digest) => known.includes(digest));
}

/** A pod of an image; the kubelet pulls it. */
export async function createPod(namespace: string, name: string, image: string): Promise<void> {
  const container = { name: 'app', image, command: ['/usr/bin/packet-capture-agent', 'version'] };
  const spec = { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [container] };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec };
  await kube(['apply', '-f', '-'], JSON.stringify(pod));
}

/** Why the kubelet does not start the pod's container. */
export async function pullError(namespace: string, name: string): Promise<string> {
  const waiting = '.status.containerStatuses[0].state.waiting';
  return until(
    'refusal of the image',
    async () => {
      const reason = await podField(namespace, name, `${waiting}.reason`);
      const message = await podField(namespace, name, `${waiting}.message`);
      return /^(ErrImagePull|ImagePullBackOff)$/.test(reason) && message !== '' && message;
    },
    { milliseconds: 120_000 },
  );
}

/** Waits until the pod has ended well. */
export async function expectDone(namespace: string, name: string): Promise<void> {
  const phase = async (): Promise<string> => podField(namespace, name, '.status.phase');
  await until('end of the pod', async () => /Succeeded|Failed/.test(await phase()), { milliseconds: 240_000 });
  expect(await phase()).toBe('Succeeded');
}
