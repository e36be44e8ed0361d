import type { Volume } from '../../kubernetes/api/types.ts';
import { defaultSidecarConfig, makeSidecar, volumeNames } from '../../sidecar/index.ts';
import { cel, celOf, type Variable } from './cel.ts';
import { parameter } from './parameters.ts';

const { volumes } = makeSidecar({
  config: defaultSidecarConfig,
  profile: 'privileged',
  guaranteed: false,
  podSettings: {},
});

/** `volumes`: as makeSidecar has them, with the size that the pod's settings ask for. */
export const volumeVariables: readonly Variable[] = [
  {
    name: 'volumes',
    expression: `${parameter('profile')} == 'probe'
? []
: ${celOf(volumes.map((volume) => cel(`dyn(${celOf(withSizeLimit(volume), '  ')})`)))}`,
  },
];

function withSizeLimit(volume: Volume): Readonly<Record<string, unknown>> {
  return volume.name === volumeNames.files
    ? { ...volume, emptyDir: { sizeLimit: cel('variables.sizeLimit') } }
    : volume;
}
