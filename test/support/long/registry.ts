import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureRegistry } from '../../../scripts/cluster/tools.ts';

/** A registry on this machine's loopback, with an empty folder. */
export interface TestRegistry {
  /** HOST:PORT. */
  readonly address: string;
  /** Where it keeps blobs: one folder each, with a file `data`. */
  readonly blobs: string;
  /** Ends it, and removes all that it has. */
  readonly stop: () => Promise<void>;
}

/** Starts distribution's registry. @param port a free one unless told */
export async function startRegistry(port?: number): Promise<TestRegistry> {
  const program = await ensureRegistry(stderrProgress);
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-registry-'));
  const address = `127.0.0.1:${port ?? (await freePort())}`;
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: folder }, delete: { enabled: true } },
    http: { addr: address },
  };
  await writeFile(join(folder, 'config.yml'), JSON.stringify(config));
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, 'serve', join(folder, 'config.yml')], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' },
  });
  const closed = once(child, 'close');
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await closed;
    await rm(folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + 30_000;
  while (!(await answers(address))) {
    if (Date.now() > deadline) {
      await stop();
      throw new Error('the registry does not answer');
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { address, blobs: join(folder, 'docker/registry/v2/blobs/sha256'), stop };
}

async function answers(address: string): Promise<boolean> {
  return fetch(`http://${address}/v2/`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
