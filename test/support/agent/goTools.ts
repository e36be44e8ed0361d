import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { capture, contained, type CommandResult } from '../../../scripts/cluster/command.ts';
import { goDirective } from '../../../scripts/cluster/goModules.ts';
import type { Progress } from '../../../scripts/cluster/progress.ts';
import { buildPackages, checkGo, ensurePackages } from '../../../scripts/cluster/requirements.ts';

/** Folder of the agent's Go module. */
export const agentModule = join(import.meta.dirname, '..', '..', '..', 'agent');

/**
 * Sees to it that Go is there, and a C compiler: the race detector is linked with one.
 * @throws REQUIREMENT_MISSING, one line
 */
export async function ensureGoTools(progress: Progress): Promise<void> {
  await checkGo(goDirective(await readFile(join(agentModule, 'go.mod'), 'utf8')));
  await ensurePackages(
    buildPackages.filter(({ name }) => ['gcc', 'libc6-dev'].includes(name)),
    progress,
  );
}

/** Runs a program of Go's in the agent's module; it ends with this process, and its own processes with it. */
export async function go(argv: readonly string[], folder = agentModule): Promise<CommandResult> {
  return capture(contained(argv), { cwd: folder, env: { CGO_ENABLED: '1', GOFLAGS: '', GOWORK: 'off' } });
}
