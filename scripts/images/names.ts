import { imageRepositories } from '../../src/sidecar/index.ts';
import { version } from '../../src/version.ts';
import { ownArchitecture, type Architecture } from './architectures.ts';

/** Registry of the images that are built here: this machine, which no kubelet asks. */
export const localRegistry = 'localhost';

export const agentImage = `${localRegistry}/${imageRepositories.agent}:${version}`;
/** Without rclone, for where nothing is uploaded, and without a shell. */
export const slimAgentImage = `${agentImage}-slim`;
export const injectorImage = `${localRegistry}/${imageRepositories.injector}:${version}`;
export const cliRepository = 'packet-capture/cli';
/** The command line, for pipelines. */
export const cliImage = `${localRegistry}/${cliRepository}:${version}`;

/** The name of an image here for an architecture; that of this machine has the plain one. */
export function imageFor(image: string, architecture: Architecture): string {
  return architecture === ownArchitecture ? image : `${image}-${architecture}`;
}
