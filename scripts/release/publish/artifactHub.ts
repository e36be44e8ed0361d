import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../images/root.ts';
import { inTemporaryFolder } from '../../images/temporaryFolder.ts';
import { writeArtifact } from '../oci/layout.ts';
import { chartName } from './chart.ts';
import { chartFolder, crane, type Registry } from './registry.ts';

/**
 * Puts artifacthub-repo.yml next to the chart, where Artifact Hub looks for it. It belongs to no version.
 * @see https://artifacthub.io/docs/topics/repositories/helm-charts/#oci-support
 */
export async function pushArtifactHubFile(registry: Registry): Promise<void> {
  const text = await readFile(join(root, 'artifacthub-repo.yml'));
  await inTemporaryFolder(async (folder) => {
    await writeArtifact(folder, 'application/vnd.cncf.artifacthub.config.v1+yaml', {
      mediaType: 'application/vnd.cncf.artifacthub.repository-metadata.layer.v1.yaml',
      bytes: text,
    });
    await crane(registry, ['push', folder, `${chartFolder(registry)}/${chartName}:artifacthub.io`]);
  });
}
