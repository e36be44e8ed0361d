import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage } from '../cluster/images.ts';
import { step, type Progress } from '../cluster/progress.ts';
import { ensureNodeProgram } from '../release/node/nodePrograms.ts';
import { withoutSymbols } from '../release/node/withoutSymbols.ts';
import { platforms } from '../release/platforms.ts';
import { buildAgentImage } from './agentImages.ts';
import { ownArchitecture, type Architecture } from './architectures.ts';
import { bundle, writeBundle } from './bundle.ts';
import { agentImage, imageFor, injectorImage, slimAgentImage } from './names.ts';
import { root } from './root.ts';
import { inTemporaryFolder } from './temporaryFolder.ts';

/**
 * Builds the capture agent's image into buildah's local store, unless that content is there.
 * @param architecture that of this machine unless told
 * @returns its full name
 */
export async function ensureAgentImage(
  progress: Progress,
  architecture: Architecture = ownArchitecture,
): Promise<string> {
  return buildAgentImage(imageFor(agentImage, architecture), progress, { architecture });
}

/** The same without rclone and shell. @returns its full name */
export async function ensureSlimAgentImage(
  progress: Progress,
  architecture: Architecture = ownArchitecture,
): Promise<string> {
  return buildAgentImage(imageFor(slimAgentImage, architecture), progress, { target: 'slim', architecture });
}

/**
 * Builds the injector's image into buildah's local store, unless that content is there.
 * @param architecture that of this machine unless told
 * @returns its full name
 * @throws REQUIREMENT_MISSING when npm does not give Node
 */
export async function ensureInjectorImage(
  progress: Progress,
  architecture: Architecture = ownArchitecture,
): Promise<string> {
  const node = await ensureNodeProgram(platforms[`linux-${architecture}`], progress);
  return inTemporaryFolder(async (folder) => {
    await cp(join(root, 'images', 'injector'), folder, { recursive: true });
    for (const shared of ['debian.sh', 'SOURCE-OFFER'])
      await cp(join(root, 'agent', 'image', shared), join(folder, shared));
    await writeFile(join(folder, 'node'), withoutSymbols(await readFile(node.path)), { mode: 0o755 });
    const program = await step(progress, 'bundling the injector', () => bundle('src/cli/injector.ts'));
    await writeBundle(program, join(folder, 'app'));
    for (const [name, text] of [['node', await readFile(node.license, 'utf8')] as const, ...program.licenses]) {
      await mkdir(join(folder, 'licenses', name), { recursive: true });
      await writeFile(join(folder, 'licenses', name, 'LICENSE'), text);
    }
    for (const [name, text] of program.packages) await writeFile(join(folder, 'licenses', name, 'package.json'), text);
    const options = architecture === ownArchitecture ? {} : { architecture };
    return buildImage(folder, imageFor(injectorImage, architecture), progress, options);
  });
}
