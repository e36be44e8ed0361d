import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseDocument } from 'yaml';
import { projectChart } from '../../../src/chart/index.ts';
import { imageRepositories } from '../../../src/sidecar/index.ts';
import { version } from '../../../src/version.ts';
import { run } from '../../cluster/command.ts';
import { architectures } from '../../images/architectures.ts';
import { root } from '../../images/root.ts';
import { inTemporaryFolder } from '../../images/temporaryFolder.ts';
import { writeTarball } from '../archive.ts';
import { changesOf, releaseNotes } from '../changelog.ts';
import type { Commit } from '../commit.ts';
import type { Origin } from '../oci/releaseImages.ts';
import { chartFolder, type Registry } from './registry.ts';

/** The digests of the images that a chart names. */
export interface ChartImages {
  readonly agent: string;
  readonly injector: string;
}

export const chartName = 'packet-capture';

/**
 * Packs the chart of a release: the project's chart with the images by digest in its values. The same commit, images
 * and registry give the same bytes.
 * @param path of the archive that is written
 */
export async function packChart(registry: Registry, images: ChartImages, origin: Origin, path: string): Promise<void> {
  const files = await projectChart({
    agent: { image: { registry: registry.address, digest: images.agent } },
    image: { registry: registry.address, digest: images.injector },
  });
  const about = Buffer.from(files.get('Chart.yaml') ?? []).toString();
  const notes = await currentNotes();
  const annotations = chartAnnotations(registry, images, notes);
  files.set('Chart.yaml', Buffer.from(withAnnotations(about, annotations, origin.source)));
  await inTemporaryFolder(async (folder) => {
    for (const [name, content] of files) {
      const file = join(folder, chartName, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content, { mode: 0o644 });
    }
    await writeTarball(folder, path, origin.commit.seconds);
  });
}

/** The part of CHANGELOG.md about this version; until it has one, what is not released yet. */
export async function currentNotes(): Promise<string> {
  const changelog = await readFile(join(root, 'CHANGELOG.md'), 'utf8');
  return releaseNotes(changelog, changelog.includes(`\n## [${version}]`) ? version : 'Unreleased');
}

/** What Artifact Hub reads of a chart. @see https://artifacthub.io/docs/topics/annotations/helm/ */
function chartAnnotations(registry: Registry, images: ChartImages, notes: string): Record<string, string> {
  const changes = changesOf(notes);
  const platforms = architectures.map((architecture) => `linux/${architecture}`);
  const named = (['agent', 'injector'] as const).map((name) => ({
    name,
    image: `${registry.address}/${imageRepositories[name]}:${version}@${images[name]}`,
    platforms,
  }));
  return {
    // JSON is YAML; its strings need no further quoting.
    'artifacthub.io/changes': JSON.stringify(changes),
    'artifacthub.io/images': JSON.stringify(named),
    'artifacthub.io/containsSecurityUpdates': String(changes.some(({ kind }) => kind === 'security')),
    'artifacthub.io/prerelease': String(version.includes('-')),
  };
}

/** Chart.yaml with annotations, and the address of the sources. Pure. */
export function withAnnotations(
  about: string,
  annotations: Readonly<Record<string, string>>,
  source: string | undefined,
): string {
  const document = parseDocument(about);
  for (const [name, value] of Object.entries(annotations)) document.setIn(['annotations', name], value);
  if (source !== undefined) document.set('sources', [source]);
  return document.toString({ lineWidth: 0 });
}

/**
 * Pushes the chart by helm. @returns its digest
 * @throws CLUSTER_FAILED with helm's last lines
 */
export async function pushChart(registry: Registry, helm: string, path: string, commit: Commit): Promise<string> {
  // helm says in the manifest that the chart was made when the file was.
  await utimes(path, commit.seconds, commit.seconds);
  const plain = registry.plainHttp ? ['--plain-http'] : [];
  const { stdout, stderr } = await run([helm, 'push', path, `oci://${chartFolder(registry)}`, ...plain], {
    env: { TZ: 'UTC' },
  });
  const [, digest] = /^Digest: (sha256:[0-9a-f]{64})$/m.exec(`${stdout}\n${stderr}`) ?? [];
  if (digest === undefined) throw new Error(`helm push did not print a digest: ${stdout}${stderr}`);
  return digest;
}
