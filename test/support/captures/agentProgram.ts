import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { run } from '../../../scripts/cluster/command.ts';
import { cacheHome } from '../../../scripts/cluster/paths.ts';
import { root } from '../../../scripts/images/root.ts';

let built: Promise<string> | undefined;

/** The program in the pod, built for this machine. @returns its path */
export async function buildAgentProgram(): Promise<string> {
  return (built ??= build());
}

async function build(): Promise<string> {
  const folder = join(cacheHome(), 'test-agent');
  const path = join(folder, 'packet-capture-agent');
  // Others may build, or run it, at this moment.
  const unfinished = `${path}.${process.pid}.${threadId}`;
  await mkdir(folder, { recursive: true });
  await run(['go', 'build', '-buildvcs=false', '-o', unfinished, './cmd/packet-capture-agent'], {
    cwd: join(root, 'agent'),
    env: { CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' },
  });
  await rename(unfinished, path);
  return path;
}
