import type { TestProject } from 'vitest/node';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { checkMachine, capturePackages, ensurePackages, nodePackages } from '../../../scripts/cluster/requirements.ts';
import { ensureBucketServer } from '../../../scripts/cluster/tools.ts';
import { errorTable, formatError, isCodedError } from '../../../src/errors.ts';
import { agentRootfs } from './rootfs.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The file system of the agent's image: `inject('agentRoot')`. */
    agentRoot: string;
    /** The path of an S3 server: `inject('bucketServer')`. */
    bucketServer: string;
  }
}

const shellcheck = { name: 'shellcheck', programs: ['shellcheck'] };

/** Builds the agent's image and an S3 server, unless that was done before. */
export default async function setup(project: TestProject): Promise<void> {
  try {
    await checkMachine();
    await ensurePackages([...nodePackages, ...capturePackages, shellcheck], stderrProgress);
    project.provide('agentRoot', await agentRootfs(stderrProgress));
    project.provide('bucketServer', await ensureBucketServer(stderrProgress));
  } catch (error) {
    if (!isCodedError(error)) throw error;
    console.error(error.code === 'REQUIREMENT_MISSING' ? `error ${error.code}: ${error.message}` : formatError(error));
    process.exit(errorTable[error.code].exit);
  }
}
