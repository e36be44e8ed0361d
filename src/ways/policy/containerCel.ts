import type { Container } from '../../kubernetes/api/types.ts';
import {
  agentVariables,
  platformEnvironment,
  settingEnvironment,
  standingSettings,
  type PlatformKey,
} from '../../settings/index.ts';
import {
  defaultSidecarConfig,
  makeSidecar,
  restrictedSecurityContext,
  type SecurityProfile,
  type Sidecar,
} from '../../sidecar/index.ts';
import { cel, celOf, type Variable } from './cel.ts';
import { effectiveSetting, parameter, platformParameter, settingParameter } from './parameters.ts';

const { container: agent, mirror = agent } = sidecarOf('privileged');
const platformKeys = Object.keys(platformEnvironment) as readonly PlatformKey[];
const isProbe = `${parameter('profile')} == 'probe'`;

/**
 * The variables `mirror` (see asksForMirror), `container` and `mirrorContainer` (see makeSidecar, with values from the
 * parameters).
 */
export const containerVariables: readonly Variable[] = [
  { name: 'mirrorText', expression: effectiveSetting('mirror') },
  { name: 'mirror', expression: `${parameter('profile')} != 'baseline' && variables.mirrorText != ''` },
  {
    name: 'settingVariables',
    expression: `${celOf(standingSettings.map(({ name }) => ({ key: settingParameter(name), name: settingEnvironment(name) })))}
  .filter(setting, setting.key in params.data && params.data[setting.key] != '')
  .map(setting, dyn({'name': setting.name, 'value': string(params.data[setting.key])}))`,
  },
  {
    // An empty list allows nothing.
    name: 'platformVariables',
    expression: `${celOf(platformKeys.map((key) => ({ key: platformParameter(key), name: platformEnvironment[key] })))}
  .filter(item, item.key in params.data)
  .map(item, dyn({'name': item.name, 'value': string(params.data[item.key])}))`,
  },
  {
    name: 'environment',
    // The defaults of settings are added below. Of the rest, only the size of the volume differs between pods.
    expression: `${environmentOf(agent)}
+ (variables.metricsPort == '' ? [] : [dyn({'name': '${agentVariables.metrics}', 'value': ':' + variables.metricsPort})])
+ variables.platformVariables
+ variables.settingVariables`,
  },
  {
    name: 'mirrorEnvironment',
    expression: `${environmentOf(mirror)}\n+ variables.platformVariables\n+ variables.settingVariables`,
  },
  {
    name: 'container',
    expression: eitherWay(
      withParameters(agent, {
        env: 'environment',
        ports: 'ports',
        resources: 'resources',
        securityContext: 'securityContext',
      }),
    ),
  },
  {
    name: 'mirrorContainer',
    expression: eitherWay(
      withParameters(mirror, {
        env: 'mirrorEnvironment',
        resources: 'mirrorResources',
        securityContext: 'mirrorSecurityContext',
      }),
    ),
  },
];

function sidecarOf(profile: SecurityProfile): Sidecar {
  return makeSidecar({ config: defaultSidecarConfig, profile, guaranteed: false, mirror: true, podSettings: {} });
}

function environmentOf({ env }: Container): string {
  const items = (env as readonly { readonly name: string }[]).map((item) =>
    item.name === agentVariables.sizeLimit ? { ...item, value: cel('variables.sizeLimit') } : item,
  );
  return celOf(items.map((item) => cel(`dyn(${celOf(item, '  ')})`)));
}

/** A container whose named fields are variables. @param variables the names of these fields */
function withParameters(
  container: Container,
  variables: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  return {
    ...container,
    image: cel(parameter('image')),
    imagePullPolicy: cel(parameter('imagePullPolicy')),
    ...Object.fromEntries(Object.entries(variables).map(([field, name]) => [field, cel(`variables.${name}`)])),
  };
}

function eitherWay(container: Readonly<Record<string, unknown>>): string {
  return `${isProbe}\n? ${celOf(bare({ ...container, securityContext: restrictedSecurityContext }))}\n: ${celOf(container)}`;
}

/** The container of a probe, which every Pod Security level admits; see probeAddition. */
function bare({
  name,
  image,
  restartPolicy,
  resources,
  securityContext,
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { name, image, restartPolicy, resources, securityContext };
}
