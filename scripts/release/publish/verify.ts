import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { codedError } from '../../../src/errors.ts';
import { version } from '../../../src/version.ts';
import type { CommandResult } from '../../cluster/command.ts';
import { step, type Progress } from '../../cluster/progress.ts';
import { architectures } from '../../images/architectures.ts';
import { architecturesOf, imageNames, releasedImages, type ImageName } from '../oci/releaseImages.ts';
import { chartName } from './chart.ts';
import {
  statementsOf,
  verifyAttestation,
  verifySignature,
  type Cosign,
  type PredicateType,
  type Trusted,
} from './cosign.ts';
import { byDigest, byTag, type Published, type PublishedImage, type ReleaseRecord } from './record.ts';
import { chartFolder, checkBytes, digestOf, readBlob, type Registry } from './registry.ts';
import { commitOf, type Provenance } from './statements.ts';

const chartContent = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';

/**
 * Verifies a release in a registry: every byte of the images and the chart, their signatures, what they are made of and
 * from which commit they were built, and that the chart names just these images.
 * @param tag its version, that of this checkout unless told
 * @returns what is there
 * @throws RELEASE_UNVERIFIED with what is not as it was signed
 */
export async function verifyRelease(
  registry: Registry,
  cosign: Cosign,
  trusted: Trusted,
  progress: Progress,
  tag = version,
): Promise<ReleaseRecord> {
  const commits = new Set<string>();
  const images: Partial<Record<ImageName, PublishedImage>> = {};
  for (const name of imageNames) {
    images[name] = await step(progress, `verifying ${name}`, () => verifyImage(name));
  }
  const chart = await step(progress, 'verifying the chart', verifyChart);
  const [commit = '', ...others] = commits;
  if (others.length > 0)
    throw unverified(`its parts were built from several commits: ${[commit, ...others].join(', ')}`);
  return { version: tag, commit, images, chart };

  async function verifyImage(name: ImageName): Promise<PublishedImage> {
    const { repository, tag: ownTag } = releasedImages[name];
    const image = await resolve(`${registry.address}/${repository}`, ownTag.replace(version, tag));
    const manifests = await checkBytes(registry, image.name, image.digest);
    const known = architectures.map((architecture) => `linux/${architecture}`);
    const missing = known.filter((platform) => !manifests.has(platform));
    // One that is built for a single platform is built for that of the machine that publishes.
    const mayMiss = architecturesOf(name).length === 1 ? known.length - 1 : 0;
    if (missing.length > mayMiss) throw unverified(`${byTag(image)} has no image for ${missing.join(', ')}`);
    await verifyOrigin(image);
    const platforms = Object.fromEntries([...manifests].map(([platform, { digest }]) => [platform, digest]));
    for (const digest of Object.values(platforms)) {
      const reference = byDigest({ name: image.name, digest });
      refuseUnless(reference, await verifySignature(cosign, trusted, reference));
      await statements(reference, 'spdxjson');
    }
    return { ...image, platforms };
  }

  async function verifyChart(): Promise<Published> {
    const found = await resolve(`${chartFolder(registry)}/${chartName}`, tag);
    const [manifest] = (await checkBytes(registry, found.name, found.digest)).values();
    await verifyOrigin(found);
    const content = manifest?.layers?.find(({ mediaType }) => mediaType === chartContent);
    if (content === undefined) throw unverified(`${byTag(found)} is no chart`);
    const named = imagesOfChart(gunzipSync(await readBlob(registry, found.name, content.digest)));
    for (const name of ['agent', 'injector'] as const) {
      const digest = images[name]?.digest ?? '';
      if (named[name] !== digest)
        throw unverified(`the chart names the ${name} ${named[name]}, and its tag is ${digest}`);
    }
    return found;
  }

  async function resolve(name: string, ownTag: string): Promise<Published> {
    const digest = await digestOf(registry, `${name}:${ownTag}`);
    if (digest === undefined) throw codedError('NOT_FOUND', `there is no ${name}:${ownTag}`);
    return { name, tag: ownTag, digest };
  }

  /** The signature, and the provenance. */
  async function verifyOrigin(artifact: Published): Promise<void> {
    const reference = byDigest(artifact);
    refuseUnless(reference, await verifySignature(cosign, trusted, reference));
    for (const { predicate } of await statements(reference, 'slsaprovenance1')) {
      const provenance = predicate as Provenance;
      const built = provenance.buildDefinition.externalParameters.version;
      if (built !== tag) throw unverified(`${reference} was built as version ${built}, and its tag is of ${tag}`);
      commits.add(commitOf(provenance) ?? 'none');
    }
  }

  async function statements(reference: string, type: PredicateType): Promise<ReturnType<typeof statementsOf>> {
    const result = await verifyAttestation(cosign, trusted, reference, type);
    refuseUnless(`${reference} (${type})`, result);
    const found = statementsOf(result.stdout);
    if (found.length === 0) throw unverified(`${reference} has no statement of type ${type}`);
    return found;
  }
}

/** The digests of the images in the values of a chart. @param tar its archive */
export function imagesOfChart(tar: Buffer): { readonly agent: string; readonly injector: string } {
  const values = parse(fileInTar(tar, `${chartName}/values.yaml`)) as {
    readonly agent: { readonly image: { readonly digest: string } };
    readonly image: { readonly digest: string };
  };
  return { agent: values.agent.image.digest, injector: values.image.digest };
}

/** A file of a ustar archive, in blocks of 512 bytes. @throws RELEASE_UNVERIFIED */
function fileInTar(tar: Buffer, path: string): string {
  for (let offset = 0; offset + 512 <= tar.length;) {
    const name = tar.toString('latin1', offset, offset + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(tar.toString('latin1', offset + 124, offset + 136), 8);
    if (name === path) return tar.toString('utf8', offset + 512, offset + 512 + size);
    if (Number.isNaN(size)) break;
    offset += 512 + Math.ceil(size / 512) * 512;
  }
  throw unverified(`the chart has no ${path}`);
}

function refuseUnless(what: string, { exitCode, stderr }: CommandResult): void {
  if (exitCode === 0) return;
  throw unverified(`${what} has no signature that is accepted: ${stderr.trim()}`);
}

function unverified(what: string): Error {
  return codedError('RELEASE_UNVERIFIED', what);
}
