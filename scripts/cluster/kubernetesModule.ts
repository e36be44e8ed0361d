import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codedError } from '../../src/errors.ts';
import { run } from './command.ts';
import { moduleSources } from './goBuild.ts';
import { kubernetesOf } from './goModules.ts';
import { type Progress, step } from './progress.ts';

/**
 * Writes go.mod and go.sum of a minor version of Kubernetes to its folder below `go/`, from its patch version in
 * versions.ts. Needs the Go module proxy.
 *
 * The go.mod of Kubernetes asks for its parts (k8s.io/api and some thirty more) at v0.0.0, since they lie in its own
 * repository. As modules they have the minor and patch version of Kubernetes; where the proxy does not serve a part at
 * that patch version, the nearest older one takes its place. The module of the newest version has etcd too, in the
 * version that the go.mod of Kubernetes asks for.
 * @throws USAGE for a version that is not in versions.ts; CLUSTER_FAILED when the proxy has no version of a part.
 */
export async function writeKubernetesModule(minor: number, progress: Progress): Promise<string> {
  const module = kubernetesOf(minor);
  const version = module.variables['k8s.io/component-base/version.gitVersion'];
  const folder = join(moduleSources, module.folder);
  const { GoMod: file } = (await download('k8s.io/kubernetes', version)) ?? {};
  if (file === undefined) throw codedError('CLUSTER_FAILED', `Kubernetes ${version} is not served as a Go module`);
  const own = await readFile(file, 'utf8');
  const parts = await step(progress, `versions of the parts of Kubernetes ${version}`, () =>
    partVersions(own, version),
  );
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'go.mod'), goModOf(module.folder, own, version, Object.values(module.programs), parts));
  // -e: tests of dependencies, which are not built, ask for modules that are not served.
  await step(progress, `go mod tidy in ${folder}`, () => run(['go', 'mod', 'tidy', '-e'], { cwd: folder, env }));
  return folder;
}

const env = { GOFLAGS: '-mod=mod', GOWORK: 'off' };

/**
 * Pure: the go.mod before `go mod tidy`.
 * @param own the go.mod of Kubernetes
 * @param parts its parts and their versions
 */
export function goModOf(
  folder: string,
  own: string,
  version: string,
  programs: readonly string[],
  parts: ReadonlyMap<string, string>,
): string {
  const godebug = /^go (\d+\.\d+)/m.exec(own)?.[1] ?? '1.24';
  const lines = (items: readonly string[]): string => items.map((item) => `\t${item}\n`).join('');
  return `module packet-capture/cluster/${folder}

go 1.26.0

// As in the programs that Kubernetes releases: the go.mod of Kubernetes names this version.
godebug default=go${godebug}

tool (
${lines(programs.toSorted())})

require k8s.io/kubernetes ${version}

replace (
${lines([...parts].map(([part, at]) => `${part} => ${part} ${at}`))})
`;
}

/** Pure: the parts of Kubernetes that its go.mod asks for at v0.0.0. */
export function partsOf(own: string): string[] {
  return [...own.matchAll(/^\s*(?:require )?(k8s\.io\/[a-z0-9-]+) v0\.0\.0(?: \/\/ indirect)?$/gm)]
    .map(([, part = '']) => part)
    .toSorted();
}

async function partVersions(own: string, version: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const part of partsOf(own)) found.set(part, await newestServed(part, version));
  return found;
}

/** The version of a part that belongs to Kubernetes `version`, or the nearest older one of the same minor version. */
async function newestServed(part: string, version: string): Promise<string> {
  const [, minor = '', patch = ''] = /^v1\.(\d+)\.(\d+)$/.exec(version) ?? [];
  for (let number = Number(patch); number >= 0; number -= 1) {
    const wanted = `v0.${minor}.${number}`;
    if ((await download(part, wanted)) !== undefined) return wanted;
  }
  throw codedError('CLUSTER_FAILED', `no version v0.${minor} of ${part} is served as a Go module`);
}

/** What `go mod download` says of a module that is served; undefined for one that is not. */
async function download(module: string, version: string): Promise<{ readonly GoMod?: string } | undefined> {
  const argv = ['go', 'mod', 'download', '-json', `${module}@${version}`];
  const { exitCode, stdout } = await run(argv, { cwd: moduleSources, env, exitCodes: [0, 1] });
  return exitCode === 0 ? (JSON.parse(stdout) as { readonly GoMod?: string }) : undefined;
}
