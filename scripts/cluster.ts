import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Command } from 'commander';
import { codedError, errorTable, formatError, isCodedError } from '../src/errors.ts';
import { loadImage } from './cluster/images.ts';
import { clusterEnvironment } from './cluster/kubectl.ts';
import { writeKubernetesModule } from './cluster/kubernetesModule.ts';
import { hasNetns, inNetns } from './cluster/machine.ts';
import { clusterHandle, defaultName } from './cluster/paths.ts';
import { stderrProgress } from './cluster/progress.ts';
import { clusterStatus, formatStatus } from './cluster/status.ts';
import { downCluster } from './cluster/teardown.ts';
import { upCluster } from './cluster/up.ts';
import { containerdSeries, newestKubernetes, parseVersions } from './cluster/versions.ts';

const program = new Command('npm run cluster --')
  .description('A real single-node Kubernetes in a network namespace of its own')
  .option('--name <name>', 'name of the node; nodes of different names stand side by side', defaultName)
  .enablePositionalOptions()
  .exitOverride((error) => {
    if (error.exitCode === 0) throw error;
    // Without a command, commander has printed the help by now and its message is no sentence.
    throw codedError(
      'USAGE',
      error.code === 'commander.help' ? 'a command is missing' : error.message.replace(/^error: /, ''),
    );
  })
  .configureOutput({ outputError: () => {} });

const name = (): string => program.opts<{ name: string }>().name;

program
  .command('up')
  .description('bring the node up, or what is missing of it; done once it takes pods')
  .option('--kubernetes <version>', `minor version of Kubernetes, for example 1.34; the newest unless given`)
  .option('--containerd <series>', `series of containerd: ${containerdSeries.join(' or ')}`)
  .action(async ({ kubernetes, containerd }: { kubernetes?: string; containerd?: string }) => {
    const versions = parseVersions(kubernetes, containerd);
    const handle = await upCluster({ name: name(), onProgress: stderrProgress, versions });
    stderrProgress(
      `node ${handle.name} is up: npm run -s cluster -- ${handle.name === defaultName ? '' : `--name ${handle.name} `}kubectl get pods -A`,
    );
  });

program
  .command('down')
  .description('take it down; its logs are kept')
  .action(async () => {
    await downCluster(name(), stderrProgress);
  });

program
  .command('status')
  .description('what runs of it; exit code 1 unless it is Ready')
  .option('-o, --output <format>', 'text or json', 'text')
  .action(async ({ output }: { output: string }) => {
    const status = await clusterStatus(name());
    console.log(output === 'json' ? JSON.stringify(status, null, 2) : formatStatus(status));
    if (!status.ready) process.exitCode = 1;
  });

program
  .command('kubectl')
  .description('run kubectl against it')
  .helpOption(false)
  .allowUnknownOption()
  .passThroughOptions()
  .argument('[args...]')
  .action(async (args: string[]) => {
    process.exitCode = await passThrough(args);
  });

program
  .command('load')
  .description('give it an image')
  .argument('<image>', "name in buildah's local store, or path of an archive")
  .action(async (image: string) => {
    await loadImage(await existing(), image, stderrProgress);
  });

program
  .command('module')
  .description('write the Go module of a Kubernetes of scripts/cluster/versions.ts')
  .argument('<version>', 'its minor version, for example 1.34')
  .action(async (version: string) => {
    const { kubernetes = newestKubernetes.minor } = parseVersions(version);
    stderrProgress(`written: ${await writeKubernetesModule(kubernetes, stderrProgress)}`);
  });

async function existing(): Promise<ReturnType<typeof clusterHandle>> {
  const handle = clusterHandle(name());
  if (await hasNetns(handle.netns)) return handle;
  throw codedError('NOT_FOUND', `node ${handle.name} is not up`, { hint: 'Bring it up with `npm run cluster -- up`.' });
}

/** kubectl with this process' own stdin, stdout and stderr; its exit code, or 128 + the signal that ended it. */
async function passThrough(args: readonly string[]): Promise<number> {
  const handle = await existing();
  const environment = await clusterEnvironment(handle);
  const [file = '', ...rest] = inNetns(handle.netns, [environment['KUBECTL'] ?? 'kubectl', ...args]);
  const child = spawn(file, rest, { stdio: 'inherit', env: { ...process.env, ...environment } });
  // Ctrl-C reaches kubectl by itself; this process waits for what kubectl makes of it.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}

try {
  await program.parseAsync();
} catch (error) {
  if (isCodedError(error)) {
    // What the machine lacks is said in one line.
    console.error(error.code === 'REQUIREMENT_MISSING' ? `error ${error.code}: ${error.message}` : formatError(error));
    process.exitCode = errorTable[error.code].exit;
  } else if (!(error instanceof Error && 'exitCode' in error && error.exitCode === 0)) {
    throw error;
  }
}
