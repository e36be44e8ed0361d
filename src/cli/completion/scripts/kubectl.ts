import { pluginName } from '../../io/programName.ts';
import { writtenBy } from './mark.ts';

/** The program that kubectl 1.26 and later asks for the plugin's completion, with the words after the plugin's name. */
export const pluginCompletionName = 'kubectl_complete-packet_capture';

/** That program, for systems with a shell. */
export const pluginCompletionScript = `#!/bin/sh
# ${writtenBy} for kubectl
exec ${pluginName} __complete -- "$@"
`;

/** The same for Windows. */
export const pluginCompletionBatch = [
  '@echo off',
  `rem ${writtenBy} for kubectl`,
  `call ${pluginName} __complete -- %*`,
  '',
].join('\r\n');
