import type { Volume } from '../../kubernetes/api/types.ts';
import { defaultSidecarConfig, makeSidecar, uploadAuthority, volumeNames } from '../../sidecar/index.ts';
import { cel, celOf, type Variable } from './cel.ts';
import { parameter, uploadAuthorityParameter } from './parameters.ts';

const { volumes } = makeSidecar({
  config: defaultSidecarConfig,
  profile: 'privileged',
  guaranteed: false,
  podSettings: {},
});

/**
 * `volumes`: as makeSidecar has them, with the size that the pod's settings ask for and the authority of the
 * parameters.
 */
export const volumeVariables: readonly Variable[] = [
  {
    name: 'volumes',
    expression: `${parameter('profile')} == 'probe'
? []
: ${celOf(volumes.map((volume) => cel(`dyn(${celOf(withParameters(volume), '  ')})`)))}`,
  },
];

function withParameters(volume: Volume): Readonly<Record<string, unknown>> {
  if (volume.name === volumeNames.files) return { ...volume, emptyDir: { sizeLimit: cel('variables.sizeLimit') } };
  return volume.name === volumeNames.upload
    ? { ...volume, projected: { sources: cel(uploadSources(volume)) } }
    : volume;
}

/** The authority's ConfigMap, if there is one, before the Secret. */
function uploadSources({ projected }: Volume): string {
  const { sources } = projected as { readonly sources: readonly object[] };
  const [authority = {}] = uploadAuthority('NAME');
  const named = celOf(authority).replace("'NAME'", uploadAuthorityParameter);
  return `(${uploadAuthorityParameter} == '' ? [] : [dyn(${named})]) + [dyn(${celOf(sources[0])})]`;
}
