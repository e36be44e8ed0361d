import { basename, relative, resolve } from 'node:path';
import { Command } from 'commander';
import { codedError, errorTable, formatError, isCodedError } from '../src/errors.ts';
import { ensureNodeImage, loadImage } from './cluster/images.ts';
import { stderrProgress as progress } from './cluster/progress.ts';
import { capturePackages, ensurePackages } from './cluster/requirements.ts';
import { downCluster } from './cluster/teardown.ts';
import { upCluster } from './cluster/up.ts';
import { parseVersions } from './cluster/versions.ts';
import { captureHttp, finishCaptures, moveFilter, type Captured } from './demo/capture.ts';
import { fetchFiles, readCaptureFile } from './demo/files.ts';
import { formatTable } from './demo/table.ts';
import { ownNode, userContext, type Target } from './demo/target.ts';
import {
  makeNamespaces,
  namespaces,
  removeNamespaces,
  removeRelease,
  runManifestWay,
  runPatchWay,
  runWebhookWay,
  type Way,
} from './demo/ways.ts';
import { ensureAgentImage, ensureInjectorImage } from './images/images.ts';
import { agentImage, injectorImage } from './images/names.ts';

interface Flags {
  readonly context?: string;
  readonly image?: string;
  readonly injectorImage?: string;
  readonly keep?: boolean;
  readonly kubernetes?: string;
  readonly name: string;
  readonly output: string;
}

const program = new Command('npm run demo --')
  .description("Captures the article's nginx-deployment in three ways, on a real node")
  .option('--context <NAME>', "use a cluster of your own, by a context of kubectl's configuration; needs --image")
  .option('--image <IMAGE>', "the capture agent's image, where that cluster can pull it")
  .option('--injector-image <IMAGE>', "the injector's image there; without it way 3 is left out")
  .option('--name <NAME>', 'name of the node', 'demo')
  .option('--kubernetes <VERSION>', 'minor version of Kubernetes of the node, for example 1.34')
  .option('--keep', 'leave the node, or the namespaces, up')
  .option('--output <DIR>', 'where the capture files go', 'captures')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action(demo);

async function demo(flags: Flags): Promise<void> {
  if (flags.context !== undefined && flags.image === undefined) {
    throw codedError('USAGE', '--context needs --image: nothing can be pushed from here', {
      where: '--context',
      hint: 'Build agent/, push it where the cluster can pull it, and name it with --image.',
    });
  }
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Not `once`: execa ends a process on which nobody listens any more, before it has cleaned up.
    process.on(signal, () => {
      if (interrupted.signal.aborted) return;
      progress('interrupted: taking down what was set up');
      interrupted.abort(signal);
    });
  }
  try {
    await run(flags, interrupted.signal);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    throw codedError('INTERRUPTED', 'the demo was interrupted', { cause: error });
  } finally {
    if (flags.keep !== true) await cleanUp(flags);
  }
}

async function run(flags: Flags, signal: AbortSignal): Promise<void> {
  const target = flags.context === undefined ? await prepareNode(flags, signal) : userContext(flags.context, signal);
  // To look into the files; without root it must be there already.
  await ensurePackages(capturePackages, progress);
  const image = flags.image ?? agentImage;
  const context = {
    target,
    image,
    injectorImage: injectorImageFor(flags),
    contextFlags: contextFlags(flags),
    progress,
  };
  const ways: readonly Way[] =
    context.injectorImage === undefined ? ['manifest', 'patch'] : ['manifest', 'patch', 'webhook'];
  await makeNamespaces(target);
  await runManifestWay(context);
  await runPatchWay(context);
  await runWebhookWay(context);
  for (const way of ways) await captureHttp(context, way);
  await moveFilter(context, 'patch');
  const captured = await finishCaptures(context, ways);
  await show(target, captured, resolve(flags.output));
  if (flags.keep === true) {
    progress(`left as it is; look around with: ${target.shown} get pods -n ${namespaces.manifest}`);
    if (flags.context === undefined) progress(`take it down with: npm run cluster -- --name ${flags.name} down`);
  }
}

function injectorImageFor({ context, injectorImage: named }: Flags): string | undefined {
  return context === undefined ? injectorImage : named;
}

function contextFlags({ context }: Flags): readonly string[] {
  return context === undefined ? [] : ['--context', context];
}

async function prepareNode({ name, kubernetes }: Flags, signal: AbortSignal): Promise<Target> {
  const handle = await upCluster({ name, onProgress: progress, versions: parseVersions(kubernetes) });
  await loadImage(handle, await ensureAgentImage(progress), progress);
  await loadImage(handle, await ensureInjectorImage(progress), progress);
  await loadImage(handle, await ensureNodeImage('nginx', 'docker.io/library/nginx:1.7.9', progress), progress);
  return ownNode(handle, signal);
}

/**
 * Prints the table to stdout; everything else of this program goes to stderr.
 * @throws when a file holds another number of packets than the agent said
 */
async function show(target: Target, captured: readonly Captured[], folder: string): Promise<void> {
  const rows = [['WAY', 'POD', 'RESTARTS', 'PACKETS', 'BYTES', 'DROPPED', 'FILE']];
  for (const { way, pod, events } of captured) {
    for (const path of await fetchFiles(target, pod, folder)) {
      const file = await readCaptureFile(path);
      const closed = events.find(
        (event) => event.event === 'file closed' && event.file?.endsWith(`/${basename(path)}`),
      );
      if (closed?.packets !== file.packets) {
        throw codedError(
          'INTERNAL',
          `the agent counted ${closed?.packets ?? 'no'} packets, tshark reads ${file.packets}`,
          { where: path },
        );
      }
      rows.push([
        way,
        pod.name,
        String(pod.restarts),
        String(file.packets),
        String(file.bytes),
        String(closed.dropped),
        basename(path),
      ]);
      for (const line of [...file.interfaces.map((name) => `interface ${name}`), ...file.http])
        progress(`  ${pod.name}: ${line}`);
    }
  }
  console.log(formatTable(rows));
  const shown = relative('.', folder).startsWith('..') ? folder : relative('.', folder) || '.';
  console.log(`\nThe files lie in ${shown}/NAMESPACE/POD/; look into one with: tshark -r FILE, or: wireshark FILE`);
}

async function cleanUp(flags: Flags): Promise<void> {
  if (flags.context === undefined) {
    await downCluster(flags.name, progress);
    return;
  }
  const target = userContext(flags.context, AbortSignal.timeout(180_000));
  if (flags.injectorImage !== undefined) await removeRelease({ target, contextFlags: contextFlags(flags) });
  await removeNamespaces(target);
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(isCodedError(error) ? formatError(error) : error);
  process.exitCode = isCodedError(error) ? errorTable[error.code].exit : 1;
}
