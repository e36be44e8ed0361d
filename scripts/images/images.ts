import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage, imageId } from '../cluster/images.ts';
import { step, type Progress } from '../cluster/progress.ts';
import { buildAgentImage } from './agentImages.ts';
import { bundle, writeBundle } from './bundle.ts';
import { agentImage, injectorImage, slimAgentImage } from './names.ts';
import { ensureNodeBaseImage, nodeBaseImage } from './nodeBase.ts';
import { root } from './root.ts';
import { inTemporaryFolder } from './temporaryFolder.ts';

/** Builds the capture agent's image into buildah's local store, unless that content is there. @returns its full name */
export async function ensureAgentImage(progress: Progress): Promise<string> {
  return buildAgentImage(agentImage, progress);
}

/** The same without rclone and shell. @returns its full name */
export async function ensureSlimAgentImage(progress: Progress): Promise<string> {
  return buildAgentImage(slimAgentImage, progress, 'slim');
}

/** Builds the injector's image into buildah's local store, unless that content is there. @returns its full name */
export async function ensureInjectorImage(progress: Progress): Promise<string> {
  const node = await imageId(await ensureNodeBaseImage(progress));
  return inTemporaryFolder(async (folder) => {
    await cp(join(root, 'images', 'injector'), folder, { recursive: true });
    const program = await step(progress, 'bundling the injector', () => bundle('src/cli/injector.ts'));
    await writeBundle(program, join(folder, 'app'));
    for (const [name, text] of program.licenses) {
      await mkdir(join(folder, 'licenses', name), { recursive: true });
      await writeFile(join(folder, 'licenses', name, 'LICENSE'), text);
    }
    // Part of the content that is built: another Node makes another image.
    await writeFile(join(folder, 'base-image'), `${node ?? ''}\n`);
    return buildImage(folder, injectorImage, progress, { bases: { BASE: nodeBaseImage } });
  });
}
