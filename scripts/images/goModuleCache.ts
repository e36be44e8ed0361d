import { join } from 'node:path';
import { run } from '../cluster/command.ts';
import { step, type Progress } from '../cluster/progress.ts';

/**
 * Sees to it that this machine has the modules that a Go module needs, as they are fetched here: by its proxy, its
 * certificates, its rights. Builds inside an image, which have none of these, take them from there.
 * @param folder of go.mod
 * @returns a folder that `go` takes as GOPROXY
 * @throws CLUSTER_FAILED with the last lines of `go`.
 */
export async function ensureModules(folder: string, progress: Progress): Promise<string> {
  const options = { cwd: folder, env: { GOFLAGS: '', GOWORK: 'off' } };
  await step(progress, `fetching the modules of ${folder}`, () => run(['go', 'mod', 'download'], options));
  return join((await run(['go', 'env', 'GOMODCACHE'], options)).stdout.trim(), 'cache', 'download');
}
