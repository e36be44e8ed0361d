import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { run } from '../../../scripts/cluster/command.ts';
import type { Network } from './network.ts';
import { until } from './until.ts';

/** Address of a bucket server in the network's world. */
export const bucketAddress = '10.99.0.1:7070';
/** As the kernel tells it: port 7070, state LISTEN. */
const listening = /:1B9E 00000000:0000 0A/;
export interface Keys {
  readonly access: string;
  readonly secret: string;
}

/** No real ones: of servers that live as long as a test. */
export const credentials: Keys = { access: 'ACCESSKEYOFTHEBUCKET', secret: 'averysecretkey/of+the+bucket' };

/** A real S3 server whose objects are files of a folder; ends with the test. */
export interface BucketServer {
  readonly start: (keys?: Keys) => Promise<void>;
  /** Ends it at once, in the middle of whatever it does. */
  readonly stop: () => Promise<void>;
  readonly makeBucket: (name: string) => Promise<void>;
}

/**
 * @param program path of versitygw
 * @param folder an empty one for the objects
 * @param address port 7070 of one that there is in the network's world
 */
export function bucketServer(
  program: string,
  network: Pick<Network, 'enterWorld'>,
  folder: string,
  address = bucketAddress,
): BucketServer {
  let child: ChildProcess | undefined;
  let closed: Promise<unknown> = Promise.resolve();
  const stop = async (): Promise<void> => {
    child?.kill('SIGKILL');
    await closed;
  };
  onTestFinished(stop);
  return {
    stop,
    start: async ({ access, secret } = credentials) => {
      const argv = ['--port', address, '--quiet', 'posix', folder];
      child = spawn('setpriv', ['--pdeathsig', 'KILL', ...network.enterWorld, program, ...argv], {
        stdio: 'ignore',
        env: { PATH: process.env['PATH'], ROOT_ACCESS_KEY_ID: access, ROOT_SECRET_ACCESS_KEY: secret },
      });
      closed = once(child, 'close');
      const { pid } = child;
      await until('S3 server', async () =>
        listening.test(await readFile(`/proc/${pid}/net/tcp`, 'utf8').catch(() => '')),
      );
    },
    makeBucket: async (name) => {
      await mkdir(join(folder, name));
    },
  };
}

/** What the Secret for uploads holds: a remote `s3` for the bucket server. */
export async function writeSecret(
  folder: string,
  { access, secret } = credentials,
  address = bucketAddress,
): Promise<void> {
  const lines = [
    '[s3]',
    'type = s3',
    'provider = Other',
    `endpoint = http://${address}`,
    `access_key_id = ${access}`,
    `secret_access_key = ${secret}`,
  ];
  await writeFile(join(folder, 'rclone.conf'), `${lines.join('\n')}\n`, { mode: 0o644 });
}

/** Asks the server for something from within the pod, as an app would. */
export async function askAsApp(network: Network): Promise<void> {
  await run([...network.enterPod, process.execPath, '-e', `await fetch('http://${bucketAddress}/captures')`]);
}

export interface Uploaded {
  /** Of the capture file. */
  readonly path: string;
  /** Below the bucket, without an ending. */
  readonly name: string;
  readonly json: Readonly<Record<string, unknown>>;
  readonly sha256: string;
}

/** The capture files below a bucket's folder, each with its JSON; in order of their names. */
export async function uploadedFiles(bucket: string): Promise<Uploaded[]> {
  const names = (await readdir(bucket, { recursive: true })).filter((name) => name.endsWith('.pcapng')).toSorted();
  return Promise.all(
    names.map(async (file) => {
      const name = file.slice(0, -'.pcapng'.length);
      const json = JSON.parse(await readFile(join(bucket, `${name}.json`), 'utf8')) as Record<string, unknown>;
      const path = join(bucket, file);
      return {
        path,
        name,
        json,
        sha256: createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      };
    }),
  );
}
