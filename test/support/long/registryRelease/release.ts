import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { expect, inject } from 'vitest';
import { run } from '../../../../scripts/cluster/command.ts';
import { clusterEnvironment, runInNetns } from '../../../../scripts/cluster/kubectl.ts';
import { stderrProgress } from '../../../../scripts/cluster/progress.ts';
import { ensureCosign, ensureHelm, ensureRegistry } from '../../../../scripts/cluster/tools.ts';
import type { ReleaseRecord } from '../../../../scripts/release/publish/record.ts';
import { until } from '../../agent/until.ts';
import { commandBlocks } from '../../site/commandBlocks.ts';
import { registryAddress } from '../flux/registry.ts';

const node = inject('node');
const root = join(import.meta.dirname, '../../../..');

/** The path in the registry below which the release is. */
export const place = `${registryAddress}/team`;

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command of `npm run release`, from where the node's registry can be reached. */
export async function release(args: readonly string[]): Promise<Ended> {
  return runInNetns(node, [process.execPath, 'scripts/release.ts', ...args], {
    cwd: root,
    env: { COSIGN_PASSWORD: '' },
  });
}

/**
 * Publishes this checkout to the node's registry: from this machine, whose network has what images are built from. So
 * the registry's folder is served here, too, meanwhile.
 * @param folder of the registry, with the key `ours.key`
 */
export async function publish(folder: string): Promise<ReleaseRecord> {
  const program = await ensureRegistry(stderrProgress);
  const env = { OTEL_TRACES_EXPORTER: 'none', COSIGN_PASSWORD: '' };
  const server = spawn('setpriv', ['--pdeathsig', 'KILL', program, 'serve', join(folder, 'registry.yml')], {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  const closed = once(server, 'close');
  try {
    const url = `http://${registryAddress}/v2/`;
    await until('registry', async () =>
      fetch(url).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    const where = ['--registry', place, '--plain-http', '--out', join(folder, 'dist')];
    const signed = ['--key', join(folder, 'ours.key'), '--scan', 'off'];
    const argv = [process.execPath, 'scripts/release.ts', 'publish', ...where, ...signed];
    const { stdout } = await run(argv, { cwd: root, env });
    return JSON.parse(stdout) as ReleaseRecord;
  } finally {
    server.kill('SIGKILL');
    await closed;
  }
}

/** The block of SECURITY.md that has these words. */
export async function documented(words: string): Promise<string> {
  const blocks = commandBlocks(await readFile(join(root, 'SECURITY.md'), 'utf8')).map(({ text }) => text);
  const found = blocks.filter((text) => text.includes(words));
  expect(found).toHaveLength(1);
  return found[0] ?? '';
}

/**
 * Types a block of SECURITY.md in a checkout. The registry is that of the node, which has no TLS; the key is ours.
 * @param folder with `ours.pub`
 * @param work for what the programs keep
 */
export async function type(block: string, folder: string, major: 3 | 4, work = folder): Promise<Ended> {
  const typed = block
    .replaceAll('registry.example/team', place)
    .replaceAll('cosign.pub', join(folder, 'ours.pub'))
    .replaceAll(/release -- \w+/g, '$& --plain-http')
    .replaceAll('--create-namespace', '$& --plain-http');
  const programs = [await ensureHelm(major, stderrProgress), await ensureCosign(stderrProgress)].map(dirname);
  const { PATH: path = '' } = await clusterEnvironment(node);
  return runInNetns(node, ['bash', '-c', typed], {
    cwd: root,
    env: {
      PATH: [...programs, path].join(delimiter),
      HELM_CACHE_HOME: join(work, `helm-${major}`),
      HELM_CONFIG_HOME: join(work, `helm-${major}`),
      DOCKER_CONFIG: join(work, 'docker'),
      TUF_ROOT: join(work, 'tuf'),
    },
  });
}
