import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { acquireLock } from '../../../scripts/cluster/lock.ts';
import { type ClusterHandle, stateHome } from '../../../scripts/cluster/paths.ts';
import { noProgress, stderrProgress } from '../../../scripts/cluster/progress.ts';
import { checkMachine } from '../../../scripts/cluster/requirements.ts';
import { downCluster } from '../../../scripts/cluster/teardown.ts';
import { upCluster } from '../../../scripts/cluster/up.ts';
import { parseVersions } from '../../../scripts/cluster/versions.ts';
import { errorTable, formatError, isCodedError } from '../../../src/errors.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The node of this test run: `inject('node')`. */
    node: ClusterHandle;
  }
}

/**
 * Brings up the node that the cluster tests share, and takes it down after them.
 * PACKET_CAPTURE_TEST_NODE names it (`test`); PACKET_CAPTURE_KEEP_NODE=1 takes the one of the run before and leaves it
 * up. PACKET_CAPTURE_TEST_KUBERNETES (`1.34`) and PACKET_CAPTURE_TEST_CONTAINERD (`1.7`) make one of older versions.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.node ??= bringUp().catch(explain);
  shared.users += 1;
  const { handle, takeDown } = await shared.node;
  project.provide('node', handle);
  return async () => {
    shared.users -= 1;
    if (shared.users === 0) await takeDown();
  };
}

interface TestNode {
  readonly handle: ClusterHandle;
  readonly takeDown: () => Promise<void>;
}

/** Each project loads this file for itself, in the same process. */
const shared = ((
  globalThis as { packetCaptureTests?: { node?: Promise<TestNode>; users: number } }
).packetCaptureTests ??= { users: 0 });

async function bringUp(): Promise<TestNode> {
  const name = process.env['PACKET_CAPTURE_TEST_NODE'] ?? 'test';
  const keep = process.env['PACKET_CAPTURE_KEEP_NODE'] === '1';
  await checkMachine();
  const lock = await acquireLock(join(stateHome(), `${name}.tests.lock`), `node ${name} for its tests`, stderrProgress);
  // What a run that was killed left behind would be in the way of this one.
  if (!keep) await downCluster(name, stderrProgress);
  const { PACKET_CAPTURE_TEST_KUBERNETES: kubernetes, PACKET_CAPTURE_TEST_CONTAINERD: runtime } = process.env;
  const handle = await upCluster({ name, onProgress: stderrProgress, versions: parseVersions(kubernetes, runtime) });
  const takeDown = async (): Promise<void> => {
    if (keep) stderrProgress(`node ${name} stays up: npm run -s cluster -- --name ${name} kubectl get pods -A`);
    // In silence: the summary is what a run ends with.
    else await downCluster(name, noProgress);
    await lock.release();
  };
  return { handle, takeDown };
}

/** Ends the run with the one error, instead of one in every file and vitest's frames around it. */
function explain(error: unknown): never {
  if (!isCodedError(error)) throw error;
  console.error(error.code === 'REQUIREMENT_MISSING' ? `error ${error.code}: ${error.message}` : formatError(error));
  process.exit(errorTable[error.code].exit);
}
