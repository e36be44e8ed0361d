import { agentUser, defaultAgent, largestId, securityContext } from '../../sidecar/index.ts';
import { celOf, type Variable } from './cel.ts';
import { parameter } from './parameters.ts';

const pod = 'object.spec.securityContext';

/** The fields that depend on the parameters or the pod; the others are always the same. */
const chosen: readonly string[] = ['appArmorProfile', 'capabilities', 'runAsUser', 'runAsGroup', 'seccompProfile'];

/**
 * The variables `securityFields` and `mirrorSecurityFields` (the fields of the security context, as lists of names and
 * values), `securityContext` and `mirrorSecurityContext` (of the containers, except for a probe).
 */
export const securityVariables: readonly Variable[] = [
  { name: 'asRoot', expression: `has(${pod}) && has(${pod}.runAsUser) && ${pod}.runAsUser == 0` },
  {
    name: 'localAppArmor',
    expression: `has(${pod}) && has(${pod}.appArmorProfile) && ${pod}.appArmorProfile.type == 'Localhost'`,
  },
  {
    name: 'runAsUser',
    expression: `${parameter('runAsUser')} == '' && variables.asRoot ? '${agentUser}' : string(${parameter('runAsUser')})`,
  },
  ...fieldVariables('securityFields', 'NET_RAW', `${parameter('profile')} == 'privileged'`),
  ...fieldVariables('mirrorSecurityFields', 'NET_ADMIN', 'true'),
  { name: 'securityContext', expression: mapOf('securityFields') },
  { name: 'mirrorSecurityContext', expression: mapOf('mirrorSecurityFields') },
];

function fieldVariables(name: string, capability: 'NET_RAW' | 'NET_ADMIN', hasCapability: string): Variable[] {
  const whole = securityContext(capability, defaultAgent, { localAppArmor: true });
  const fixed = Object.keys(whole).filter((key) => !chosen.includes(key));
  const field = (key: string, value: string): string => `dyn({'name': dyn('${key}'), 'value': dyn(${value})})`;
  const literal = (key: string): string => field(key, celOf(whole[key]));
  const given = (condition: string, item: string): string => `(${condition} ? [${item}] : [])`;
  const parts = [
    `[${fixed.map(literal).join(', ')}]`,
    given('variables.localAppArmor', literal('appArmorProfile')),
    given(hasCapability, literal('capabilities')),
    given("variables.runAsUser != ''", field('runAsUser', 'int(variables.runAsUser)')),
    given(`${parameter('runAsGroup')} != ''`, field('runAsGroup', `int(${parameter('runAsGroup')})`)),
    given(
      `${parameter('seccompProfile')} != ''`,
      field('seccompProfile', `{'type': string(${parameter('seccompProfile')})}`),
    ),
  ];
  return [{ name, expression: parts.join('\n+ ') }];
}

function mapOf(fields: string): string {
  return `variables.${fields}.transformMapEntry(index, field, {string(field.name): field.value})`;
}

const id = (key: 'runAsUser' | 'runAsGroup', least: number): string =>
  `${parameter(key)}.matches('^(0|[1-9][0-9]{0,9})?$')
  && (${parameter(key)} == '' || int(${parameter(key)}) >= ${least} && int(${parameter(key)}) <= ${largestId})`;

/** Whether the sidecar may have the users and the profile of the parameters, in CEL. */
export const validSecurity = `(${id('runAsUser', 1)} && ${id('runAsGroup', 0)} && ${parameter('seccompProfile')} in ['', 'RuntimeDefault'])`;
