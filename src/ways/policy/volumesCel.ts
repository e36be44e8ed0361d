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
 * The variable `volumes`: those of makeSidecar, with the size that follows from the pod's settings, and with the CA of
 * the parameters.
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

/** Adds the ConfigMap with the CA, if there is one, before the Secret. */
function uploadSources({ projected }: Volume): string {
  const { sources } = projected as { readonly sources: readonly object[] };
  const [authority = {}] = uploadAuthority('NAME');
  const named = celOf(authority).replace("'NAME'", uploadAuthorityParameter);
  return `(${uploadAuthorityParameter} == '' ? [] : [dyn(${named})]) + [dyn(${celOf(sources[0])})]`;
}
