import { settingEnvironment, settings } from '../settings/index.ts';
import { defaultSidecarConfig, makeSidecar, restrictedSecurityContext, type Container, type SecurityProfile } from '../sidecar/index.ts';
import { cel, celOf } from './cel.ts';
import { parameter, settingParameter } from './parameters.ts';
import type { Variable } from './variable.ts';

const privileged = containerOf('privileged');
const baseline = containerOf('baseline');

/** Without defaults of settings, the size of the volume is all that differs between pods. */
const environment = (privileged['env'] as readonly { readonly name: string }[]).map((item) =>
  item.name === 'PACKET_CAPTURE_SIZE_LIMIT' ? { ...item, value: cel('variables.sizeLimit') } : item,
);

/** `container`: as makeSidecar has it, with the parameters in their places. */
export const containerVariables: readonly Variable[] = [
  {
    name: 'environment',
    expression: `${celOf(environment.map((item) => cel(`dyn(${celOf(item, '  ')})`)))}
+ (variables.metricsPort == '' ? [] : [dyn({'name': 'PACKET_CAPTURE_METRICS_PORT', 'value': variables.metricsPort})])
+ ${celOf(settings.map(({ name }) => ({ key: settingParameter(name), name: settingEnvironment(name) })))}
  .filter(setting, setting.key in params.data && params.data[setting.key] != '')
  .map(setting, dyn({'name': setting.name, 'value': string(params.data[setting.key])}))`,
  },
  {
    name: 'securityContext',
    expression: `${parameter('profile')} == 'privileged'
? ${celOf(privileged['securityContext'])}
: ${parameter('profile')} == 'baseline'
? ${celOf(baseline['securityContext'])}
: ${celOf(restrictedSecurityContext)}`,
  },
  {
    name: 'container',
    expression: `${parameter('profile')} == 'probe'
? ${celOf(bare(withParameters(privileged)))}
: ${celOf(withParameters(privileged))}`,
  },
];

function containerOf(profile: SecurityProfile): Container {
  return makeSidecar({ config: defaultSidecarConfig, profile, guaranteed: false, podSettings: {} }).container;
}

function withParameters(container: Container): Readonly<Record<string, unknown>> {
  return {
    ...container,
    image: cel(parameter('image')),
    imagePullPolicy: cel(parameter('imagePullPolicy')),
    env: cel('variables.environment'),
    ports: cel('variables.ports'),
    resources: cel('variables.resources'),
    securityContext: cel('variables.securityContext'),
  };
}

/** See probeAddition: what every Pod Security level admits. */
function bare({ name, image, restartPolicy, resources, securityContext }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { name, image, restartPolicy, resources, securityContext };
}
