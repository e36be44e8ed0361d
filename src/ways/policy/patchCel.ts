import { jsonPointer } from '../../inject/index.ts';
import { cel, celOf, celString } from './cel.ts';
import { parameter } from './parameters.ts';

/** The place of an item in a list of a pod's spec. */
type Place = 'first' | 'second' | 'last';

const indexes = { first: 0, second: 1, last: '-' } as const satisfies Readonly<Record<Place, number | string>>;

/**
 * The operations that add the sidecar, the same as those of additionPatch. An absent parent is added first, empty,
 * because the API server creates none by itself. Items are added one by one, because a list with expressions of
 * different types cannot be marshalled.
 */
export const agentPatch: string = [
  parent('object.metadata.annotations', ['metadata', 'annotations'], '{}'),
  `variables.annotations.map(key, JSONPatch{
  op: 'add', path: '${jsonPointer(['metadata', 'annotations', ''])}' + jsonpatch.escapeKey(key), value: variables.annotations[key]
})`,
  `(size(variables.volumes) == 0 ? [] : ${parent('object.spec.volumes', ['spec', 'volumes'], '[]')})`,
  `variables.volumes.map(volume, ${add('volumes', 'last', 'volume')})`,
  parent('object.spec.initContainers', ['spec', 'initContainers'], '[]'),
  `[${add('initContainers', 'first', 'variables.container')}]`,
  `(variables.mirror ? [${add('initContainers', 'second', 'variables.mirrorContainer')}] : [])`,
  `(size(variables.pullSecrets) == 0 ? [] : ${parent('object.spec.imagePullSecrets', ['spec', 'imagePullSecrets'], '[]')})`,
  `variables.pullSecrets.map(name, ${add('imagePullSecrets', 'last', celOf({ name: cel('name') }))})`,
].join('\n+ ');

/** The variable `pullSecrets`: the names of those that the pod lacks. A probe pulls no image. */
export const pullSecretVariables = [
  {
    name: 'pullSecrets',
    expression: `${parameter('profile')} == 'probe'
? []
: string(${parameter('imagePullSecrets')}).split(',').filter(name, name != ''
  && !(has(object.spec.imagePullSecrets) && object.spec.imagePullSecrets.exists(secret, has(secret.name) && secret.name == name)))`,
  },
] as const;

/** The operation that adds an absent parent. */
export function parent(field: string, path: readonly string[], empty: string): string {
  return `(has(${field}) ? [] : [JSONPatch{op: 'add', path: ${celString(jsonPointer(path))}, value: ${empty}}])`;
}

/** The operation that adds an item, given in CEL, to a list of the spec. */
export function add(list: string, place: Place, value: string): string {
  return `JSONPatch{op: 'add', path: ${celString(jsonPointer(['spec', list, indexes[place]]))}, value: ${value}}`;
}
