import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codedError } from '../../../src/errors.ts';
import { version } from '../../../src/version.ts';
import { step, type Progress } from '../../cluster/progress.ts';
import type { GoVulnerabilities, ReleasePrograms } from '../../cluster/tools.ts';
import { digestOfFile } from '../oci/layer.ts';
import { imageNames, releasedImages, writeReleaseImage, type ImageName, type Origin } from '../oci/releaseImages.ts';
import { pushArtifactHubFile } from './artifactHub.ts';
import { chartName, packChart, pushChart } from './chart.ts';
import {
  attest,
  sign,
  verifyAttestation,
  verifySignature,
  withTrust,
  type PredicateType,
  type Signer,
  type Trusted,
} from './cosign.ts';
import { scanGoPrograms } from './goScan.ts';
import { byDigest, byTag, type Published, type PublishedImage, type ReleaseRecord } from './record.ts';
import { chartFolder, checkBytes, crane, digestOf, type Registry } from './registry.ts';
import { refuseFindings, scan, type Finding } from './scan.ts';
import { writeProvenance, writeSbom } from './statements.ts';
import { verifyRelease } from './verify.ts';

export interface PublishOptions {
  readonly registry: Registry;
  /** Without grype, nobody looks for known vulnerabilities of all parts. */
  readonly programs: ReleasePrograms;
  /** Without it, nobody looks for those of the Go programs. */
  readonly vulnerabilities?: GoVulnerabilities;
  readonly signer: Signer;
  /** Whose signatures are accepted afterwards; unless told, those of the signer's key. */
  readonly trusted?: Trusted;
  readonly origin: Origin;
  /** A URI of the machine or pipeline that builds. */
  readonly builder: string;
  /** The folder for the images' layouts, the chart, the SBOMs and release.json. */
  readonly out: string;
}

/**
 * Publishes a release: builds the images for their platforms, pushes them, looks for known vulnerabilities, pushes the
 * chart that names them by digest, signs all of it, says of what and from what it is made, and verifies it as it is in
 * the registry. What is there and verified already stays as it is, so that it can be run again. The same commit gives
 * the same digests.
 * @throws RELEASE_EXISTS when the registry has this version with other bytes; VULNERABILITIES_FOUND;
 * RELEASE_UNVERIFIED; CLUSTER_FAILED with the last lines of a program
 */
export async function publish(options: PublishOptions, progress: Progress): Promise<ReleaseRecord> {
  const { registry, programs, origin, out } = options;
  const startedAt = new Date();
  await mkdir(out, { recursive: true });
  const images = await buildImages(options, progress);
  if (options.vulnerabilities !== undefined)
    refuseFindings((await scanGoPrograms(options.vulnerabilities, progress)).findings);
  const chart = join(out, `${chartName}-${version}.tgz`);
  const digests = { agent: images.agent.digest, injector: images.injector.digest };
  await packChart(registry, digests, origin, chart);

  for (const name of imageNames)
    await step(progress, `pushing ${byTag(images[name])}`, () =>
      pushImage(registry, images[name], layoutOf(out, name)),
    );
  const sboms = await step(progress, 'listing what the images are made of', () => writeSboms(options, images));
  const { grype } = programs;
  if (grype !== undefined)
    refuseFindings(await step(progress, 'looking for vulnerabilities', () => scanAll(grype, sboms)));
  const published = await step(progress, 'pushing the chart', () => publishChart(options, chart));

  const provenance = join(out, 'provenance.json');
  await writeProvenance(provenance, origin, options.builder, startedAt);
  const cosign = { cosign: programs.cosign, plainHttp: registry.plainHttp };
  return withTrust(programs.cosign, options.signer, options.trusted, async (trusted) => {
    const signAll = async (reference: string): Promise<void> => {
      if ((await verifySignature(cosign, trusted, reference)).exitCode === 0) return;
      await sign(cosign, options.signer, reference);
    };
    const attestAll = async (reference: string, type: PredicateType, file: string): Promise<void> => {
      if ((await verifyAttestation(cosign, trusted, reference, type)).exitCode === 0) return;
      await attest(cosign, options.signer, reference, type, file);
    };
    await step(progress, 'signing', async () => {
      for (const artifact of [...Object.values(images), published]) {
        await signAll(byDigest(artifact));
        await attestAll(byDigest(artifact), 'slsaprovenance1', provenance);
      }
      for (const { reference, file } of sboms) {
        await signAll(reference);
        await attestAll(reference, 'spdxjson', file);
      }
    });
    await pushArtifactHubFile(registry);
    const record = await verifyRelease(registry, cosign, trusted, progress);
    await writeFile(join(out, 'release.json'), `${JSON.stringify(record, undefined, 2)}\n`);
    return record;
  });
}

async function buildImages(
  { registry, origin, out }: PublishOptions,
  progress: Progress,
): Promise<Record<ImageName, PublishedImage>> {
  const built: Partial<Record<ImageName, PublishedImage>> = {};
  for (const name of imageNames) {
    const { repository, tag } = releasedImages[name];
    const { digest, platforms } = await writeReleaseImage(name, layoutOf(out, name), origin, progress);
    const image = { name: `${registry.address}/${repository}`, tag, digest, platforms };
    refuseOther(image, await digestOf(registry, byTag(image)));
    built[name] = image;
  }
  return built as Record<ImageName, PublishedImage>;
}

async function pushImage(registry: Registry, image: PublishedImage, layout: string): Promise<void> {
  await crane(registry, ['push', layout, byTag(image)]);
  refuseOther(image, await digestOf(registry, byTag(image)));
  // The layers are in the registry now.
  await rm(layout, { recursive: true });
}

async function publishChart({ registry, programs, origin }: PublishOptions, path: string): Promise<Published> {
  const chart = { name: `${chartFolder(registry)}/${chartName}`, tag: version };
  const there = await digestOf(registry, byTag(chart));
  if (there === undefined) return { ...chart, digest: await pushChart(registry, programs.helm, path, origin.commit) };
  const [manifest] = (await checkBytes(registry, chart.name, there)).values();
  const packed = await digestOfFile(path);
  if (manifest?.layers?.some(({ digest }) => digest === packed) === true) return { ...chart, digest: there };
  throw codedError('RELEASE_EXISTS', `${byTag(chart)} is another chart than ${packed}`);
}

/** What was published under a tag never changes. @throws RELEASE_EXISTS */
function refuseOther(artifact: Published, found: string | undefined): void {
  if (found !== undefined && found !== artifact.digest)
    throw codedError('RELEASE_EXISTS', `${byTag(artifact)} is ${found} there, and ${artifact.digest} here`);
}

interface Sbom {
  readonly reference: string;
  readonly file: string;
}

async function writeSboms(
  { registry, programs, out }: PublishOptions,
  images: Readonly<Record<ImageName, PublishedImage>>,
): Promise<Sbom[]> {
  const sboms: Sbom[] = [];
  for (const name of imageNames)
    for (const [platform, digest] of Object.entries(images[name].platforms)) {
      const reference = byDigest({ name: images[name].name, digest });
      const file = join(out, `${name}-${platform.replace('/', '-')}.spdx.json`);
      await writeSbom(registry, programs.syft, reference, file);
      sboms.push({ reference, file });
    }
  return sboms;
}

async function scanAll(grype: string, sboms: readonly Sbom[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { file } of sboms) findings.push(...(await scan(grype, file)));
  return findings;
}

function layoutOf(out: string, name: ImageName): string {
  return join(out, 'images', name);
}
