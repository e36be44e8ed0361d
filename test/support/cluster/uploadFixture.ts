import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished } from 'vitest';
import { inNetns, nodeAddress } from '../../../scripts/cluster/machine.ts';
import { noProgress } from '../../../scripts/cluster/progress.ts';
import { ensureBucketServer } from '../../../scripts/cluster/tools.ts';
import {
  bucketServer,
  credentials,
  uploadedFiles,
  writeSecret,
  type BucketServer,
  type Keys,
  type Uploaded,
} from '../agent/bucket.ts';
import { countPackets } from '../agent/captureFile.ts';
import { kube, nginxImage } from './clusterFixture.ts';
import { gaps, numberedPackets } from './sequence.ts';

const node = inject('node');
const bucketAddress = `${nodeAddress}:7070`;

/** A real S3 server on the node, with a bucket `captures`, and a namespace whose pods upload there. */
export interface UploadFixture {
  readonly server: BucketServer;
  /** Makes the Secret, or changes it, in the words of docs/upload.md. */
  readonly putSecret: (keys?: Keys) => Promise<void>;
  readonly uploaded: () => Promise<Uploaded[]>;
  /** The folder that has the bucket's objects. */
  readonly bucket: string;
}

/** It ends with the test. */
export async function uploadFixture(namespace: string): Promise<UploadFixture> {
  const objects = await mkdtemp(join(tmpdir(), 'packet-capture-objects-'));
  const secret = await mkdtemp(join(tmpdir(), 'packet-capture-secret-'));
  onTestFinished(async () => {
    await server.stop();
    await rm(objects, { recursive: true });
    await rm(secret, { recursive: true });
  });
  const server = bucketServer(
    await ensureBucketServer(noProgress),
    { enterWorld: inNetns(node.netns, []) },
    objects,
    bucketAddress,
  );
  await server.makeBucket('captures');
  await server.start();
  return {
    server,
    putSecret: async (keys = credentials) => {
      await writeSecret(secret, keys, bucketAddress);
      const create = [
        'create',
        'secret',
        'generic',
        '-n',
        namespace,
        'packet-capture-upload',
        `--from-file=${join(secret, 'rclone.conf')}`,
      ];
      await kube(['apply', '-f', '-'], await kube([...create, '--dry-run=client', '-o', 'yaml']));
    },
    uploaded: async () => uploadedFiles(join(objects, 'captures')),
    bucket: join(objects, 'captures'),
  };
}

/** A Deployment of one pod, whose app ends when it is told to: it leaves the grace period to the sidecar. */
export function deployment(namespace: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: ${namespace}
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: app
          image: ${nginxImage}
`;
}

/** Expects that packets 0 to `count` - 1 are in the bucket, each once, in whole files that their JSON describes. */
export async function expectUploaded(
  files: readonly Uploaded[],
  namespace: string,
  pod: string,
  count: number,
): Promise<void> {
  for (const { path, name, json, sha256 } of files) {
    expect(name).toMatch(new RegExp(`^prod/${namespace}/web/${pod}/\\d{8}T\\d{6}Z-\\d{5}$`));
    expect(json).toMatchObject({
      namespace,
      pod,
      node: 'node0',
      interfaces: ['eth0'],
      workload: 'web',
      dropped: 0,
      sha256,
    });
    expect(await countPackets(path)).toBe(json['packets']);
  }
  const packets = await numberedPackets(files.map(({ path }) => path));
  expect(gaps(packets)).toEqual([]);
  expect(packets).toHaveLength(count);
}
