import type { Labels } from './naming.ts';
import * as is from './schemas.ts';
import { choice, flag, group, integer, leaf, string } from './tree.ts';

/**
 * @see
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-matchconditions
 */
export interface MatchCondition {
  readonly name: string;
  readonly expression: string;
}

export const webhook = group('how the API server calls the injector, or applies the policy', {
  failurePolicy: choice(
    'Ignore',
    'Fail: no pod of an opted-in namespace starts while the injector is away, or the policy cannot be evaluated',
    ['Ignore', 'Fail'],
  ),
  timeoutSeconds: integer(3, 'a pod waits no longer', 1, 30),
  reinvocationPolicy: choice('IfNeeded', 'called again when a later webhook changed the pod', ['IfNeeded', 'Never']),
  matchPolicy: choice('Equivalent', 'of the rules', ['Equivalent', 'Exact']),
  matchConditions: leaf<readonly MatchCondition[]>([], 'further conditions in CEL: {name, expression}', {
    type: 'array',
    maxItems: 56,
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'expression'],
      properties: { name: is.key, expression: { type: 'string', minLength: 1 } },
    },
  }),
  clientCA: group(
    'who signs the client certificates of API servers; with it, the injector answers nobody else: see docs/injector.md',
    {
      configMap: string('', "of the release's namespace, which holds it", is.objectNameOrEmpty),
      secret: string('', 'or a Secret', is.objectNameOrEmpty),
      key: string('ca.crt', 'in it', { pattern: '^[-._a-zA-Z0-9]{1,253}$' }),
    },
  ),
  limits: group('what clients may take of the injector; see docs/injector.md', {
    maxConnections: integer(256, 'half of them for clients that have had an answer to a review', 8),
    maxBody: string('7Mi', 'a larger body is refused', is.bytes),
    maxParsed: string('4Mi', 'a larger review is answered without a patch', is.bytes),
    maxBodies: string('16Mi', 'of all bodies that are on their way; at least twice maxParsed', is.bytes),
    maxJsonValues: integer(100_000, 'a review with more is answered without a patch', 1000),
    maxJsonDepth: integer(100, 'a review that is nested deeper is answered without a patch', 20),
    headTimeout: string('10s', 'for a handshake, and for the head of a request', is.duration),
    bodyTimeout: string('5s', 'for the body of a request', is.duration),
  }),
  port: integer(
    10_250,
    'of the container; private GKE clusters let the API server reach only 443 and 10250',
    1,
    65_535,
  ),
  admissionEnforcer: flag(true, "what AKS' admissions enforcer would add, so that it changes nothing"),
  labels: leaf<Labels>({}, 'of the MutatingWebhookConfiguration, or of the policy and its bindings', is.labels),
  annotations: leaf<Labels>(
    {},
    'of the MutatingWebhookConfiguration, or of the policy and its bindings',
    is.annotations,
  ),
});
