import { run } from '../../cluster/command.ts';
import { buildahEnvironment as env } from '../../cluster/images.ts';

/** The settings of an image that containers are started with, and that builds may not make differ. */
const started = ['User', 'ExposedPorts', 'Env', 'Entrypoint', 'Cmd', 'WorkingDir'] as const;

/** What a Dockerfile says of its image. */
export interface ImageConfig {
  readonly config: Readonly<Record<string, unknown>>;
  /** Those of the Dockerfile; buildah's and the tests' are left out. */
  readonly labels: Readonly<Record<string, string>>;
}

type Config = Readonly<Record<string, unknown>> & { readonly Labels?: Readonly<Record<string, string>> };

/** Reads how an image of buildah's local store is started. */
export async function readImageConfig(image: string): Promise<ImageConfig> {
  const { stdout } = await run(['buildah', 'inspect', '--type', 'image', image], { env });
  const { config } = (JSON.parse(stdout) as { readonly OCIv1: { readonly config: Config } }).OCIv1;
  return {
    config: Object.fromEntries(started.flatMap((key) => (config[key] === undefined ? [] : [[key, config[key]]]))),
    labels: Object.fromEntries(
      Object.entries(config.Labels ?? {}).filter(([name]) => name.startsWith('org.opencontainers.image.')),
    ),
  };
}

/** Runs `work` with the file system of an image of buildah's local store, as a folder. */
export async function withImageFiles<T>(image: string, work: (folder: string) => Promise<T>): Promise<T> {
  const container = (await run(['buildah', 'from', '--pull-never', image], { env })).stdout.trim();
  try {
    return await work((await run(['buildah', 'mount', container], { env })).stdout.trim());
  } finally {
    await run(['buildah', 'rm', container], { env });
  }
}
