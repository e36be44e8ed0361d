import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { version } from '../../../src/version.ts';
import { run } from '../../cluster/command.ts';
import { packagesDate } from '../../cluster/debian.ts';
import { agentGoVersion } from '../../images/goBase.ts';
import { root } from '../../images/root.ts';
import type { Origin } from '../oci/releaseImages.ts';
import type { Registry } from './registry.ts';

/** The files that hold what comes from elsewhere by its hash. */
const locks = ['package-lock.json', 'agent/go.sum', 'agent/rclone/go.sum'];

/** What `npm run release -- publish` is, for who reads a provenance. docs/distributions.md has what its fields mean. */
const buildType = 'urn:packet-capture:release:publish:v1';

/**
 * Writes what an artifact was built from, and by whom: the predicate of a SLSA provenance.
 * @param builder a URI of the machine or pipeline that builds
 * @see https://slsa.dev/spec/v1.0/provenance
 */
export async function writeProvenance(file: string, origin: Origin, builder: string, startedAt: Date): Promise<void> {
  const { commit, source } = origin;
  const hashes = await Promise.all(
    locks.map(async (name) => ({ name, digest: { sha256: sha256(await readFile(join(root, name))) } })),
  );
  const predicate = {
    buildDefinition: {
      buildType,
      externalParameters: { version, ...(source === undefined ? {} : { source }) },
      internalParameters: {
        node: process.versions.node,
        go: await agentGoVersion(),
        debianPackagesOf: packagesDate,
      },
      resolvedDependencies: [
        {
          uri: source === undefined ? 'urn:packet-capture:source' : `git+${source}`,
          digest: { gitCommit: commit.hash },
        },
        ...hashes,
      ],
    },
    runDetails: {
      builder: { id: builder },
      metadata: { startedOn: startedAt.toISOString(), finishedOn: new Date().toISOString() },
    },
  };
  await writeFile(file, JSON.stringify(predicate));
}

/** The parts of a provenance that are held against the release. */
export interface Provenance {
  readonly buildDefinition: {
    readonly externalParameters: { readonly version: string };
    readonly resolvedDependencies: ReadonlyArray<{ readonly digest: { readonly gitCommit?: string } }>;
  };
}

/** The commit that a provenance names. */
export function commitOf({ buildDefinition }: Provenance): string | undefined {
  return buildDefinition.resolvedDependencies.find(({ digest }) => digest.gitCommit !== undefined)?.digest.gitCommit;
}

/**
 * Writes what an image is made of, as the registry has it: an SPDX document.
 * @param reference NAME@sha256:… of the image for one platform
 * @throws CLUSTER_FAILED with syft's last lines
 */
export async function writeSbom(registry: Registry, syft: string, reference: string, file: string): Promise<void> {
  await run([syft, 'scan', `registry:${reference}`, '--quiet', '--output', `spdx-json=${file}`], {
    env: {
      SYFT_CHECK_FOR_APP_UPDATE: 'false',
      ...(registry.plainHttp ? { SYFT_REGISTRY_INSECURE_USE_HTTP: 'true' } : {}),
    },
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
