import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { runInNetns } from '../../../../scripts/cluster/kubectl.ts';
import { stderrProgress } from '../../../../scripts/cluster/progress.ts';
import { ensureCosign, ensureCrane, ensureHelm, ensureRegistry } from '../../../../scripts/cluster/tools.ts';
import { until } from '../../agent/until.ts';
import { answersOnNode, startOnNode } from '../startOnNode.ts';
import { layoutOf, writeBundle, type BundleFiles } from './bundle.ts';

const node = inject('node');

/** On the loopback device of the node's network namespace, where HTTP is allowed. */
export const registryAddress = '127.0.0.1:5000';

/** distribution's registry on the node, and what is done with it. */
export interface Registry {
  /** Pushes files as `flux push artifact` does. @returns the digest */
  readonly pushBundle: (name: string, tag: string, files: BundleFiles) => Promise<string>;
  /** Packages the chart and pushes it by `helm push`. @returns the digest */
  readonly pushChart: (chart: string) => Promise<string>;
  /** Signs with a key of this test, made by cosign. */
  readonly sign: (name: string, digest: string, key?: KeyName) => Promise<void>;
  readonly publicKey: (key?: KeyName) => Promise<string>;
  /** Helm with a configuration of its own; its standard output. */
  readonly helm: (args: readonly string[], input?: string) => Promise<string>;
  /** The file that holds a blob. */
  readonly blobFile: (digest: string) => string;
  readonly stop: () => Promise<void>;
}

export type KeyName = 'ours' | 'theirs';

/** @param folder an empty one, for what the registry keeps, the keys and the bundles */
export async function startRegistry(folder: string): Promise<Registry> {
  const [registry, crane, cosign, helmProgram] = [
    await ensureRegistry(stderrProgress),
    await ensureCrane(stderrProgress),
    await ensureCosign(stderrProgress),
    await ensureHelm(4, stderrProgress),
  ];
  const data = join(folder, 'registry');
  const config = join(folder, 'registry.yml');
  await writeFile(
    config,
    JSON.stringify({
      version: 0.1,
      log: { level: 'warn', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: data } },
      http: { addr: registryAddress },
    }),
  );
  const env = {
    OTEL_TRACES_EXPORTER: 'none',
    COSIGN_PASSWORD: '',
    HELM_REGISTRY_CONFIG: join(folder, 'helm-registry.json'),
    HELM_CACHE_HOME: join(folder, 'helm-cache'),
    DOCKER_CONFIG: join(folder, 'docker'),
    TUF_ROOT: join(folder, 'tuf'),
  };
  const { said, stop } = await startOnNode([registry, 'serve', config], env);
  await until('registry', async () => answersOnNode(`http://${registryAddress}/v2/`), { instead: said });

  const work = async (argv: readonly string[], input?: string): Promise<{ stdout: string; stderr: string }> => {
    const { exitCode, stdout, stderr } = await runInNetns(node, argv, {
      cwd: folder,
      env,
      ...(input === undefined ? {} : { input }),
    });
    expect(exitCode, `${argv.join(' ')}\n${stderr}`).toBe(0);
    return { stdout, stderr };
  };
  const helm: Registry['helm'] = async (args, input) => (await work([helmProgram, ...args], input)).stdout;
  for (const key of ['ours', 'theirs']) await work([cosign, 'generate-key-pair', '--output-key-prefix', key]);

  return {
    stop,
    helm,
    blobFile: (digest) => {
      const hash = digest.slice('sha256:'.length);
      return join(data, 'docker/registry/v2/blobs/sha256', hash.slice(0, 2), hash, 'data');
    },
    publicKey: async (key = 'ours') => readFile(join(folder, `${key}.pub`), 'utf8'),
    pushBundle: async (name, tag, files) => {
      const bundle = join(folder, 'bundle');
      const digest = await writeBundle(bundle, files);
      await work([crane, 'push', layoutOf(bundle), `${registryAddress}/${name}:${tag}`]);
      expect((await work([crane, 'digest', `${registryAddress}/${name}:${tag}`])).stdout.trim()).toBe(digest);
      return digest;
    },
    pushChart: async (chart) => {
      await helm(['package', chart, '--destination', folder]);
      const to = `oci://${registryAddress}/charts`;
      const push = [helmProgram, 'push', await archiveName(chart), to, '--plain-http'];
      const { stdout, stderr } = await work(push);
      const [, digest] = /Digest: (sha256:[0-9a-f]{64})/.exec(`${stdout}${stderr}`) ?? [];
      expect(digest, `${stdout}${stderr}`).toBeDefined();
      return digest ?? '';
    },
    sign: async (name, digest, key = 'ours') => {
      const argv = ['sign', '--yes', '--key', `${key}.key`, '--use-signing-config=false', '--tlog-upload=false'];
      await work([cosign, ...argv, '--allow-http-registry', `${registryAddress}/${name}@${digest}`]);
    },
  };
}

/** The name of the file that `helm package` writes. */
async function archiveName(chart: string): Promise<string> {
  const text = await readFile(join(chart, 'Chart.yaml'), 'utf8');
  const field = (name: string): string => new RegExp(`^${name}: (\\S+)$`, 'm').exec(text)?.[1] ?? '';
  return `${field('name')}-${field('version')}.tgz`;
}
