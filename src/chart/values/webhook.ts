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
    'Fail: no pod of an opted-in namespace starts while the injector is down, or the policy cannot be evaluated',
    ['Ignore', 'Fail'],
  ),
  timeoutSeconds: integer(3, 'seconds that the API server waits for an answer', 1, 30),
  reinvocationPolicy: choice('IfNeeded', 'IfNeeded: called again when a later webhook has changed the pod', [
    'IfNeeded',
    'Never',
  ]),
  matchPolicy: choice('Equivalent', 'how the rules match API versions', ['Equivalent', 'Exact']),
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
    'CA that signs the client certificates of API servers; with it, the injector answers only them: see docs/injector.md',
    {
      configMap: string('', "ConfigMap in the release's namespace that has the CA", is.objectNameOrEmpty),
      secret: string('', 'or a Secret that has it', is.objectNameOrEmpty),
      key: string('ca.crt', 'key in the ConfigMap or Secret', { pattern: '^[-._a-zA-Z0-9]{1,253}$' }),
    },
  ),
  limits: group('limits for clients of the injector; see docs/injector.md', {
    maxConnections: integer(256, 'connections; half of them for clients that have had an answer to a review', 8),
    maxBody: string('7Mi', 'a larger body is refused', is.bytes),
    maxParsed: string('4Mi', 'a larger review is answered without a patch', is.bytes),
    maxBodies: string('16Mi', 'all bodies that are being received, together; at least twice maxParsed', is.bytes),
    maxJsonValues: integer(100_000, 'a review with more is answered without a patch', 1000),
    maxJsonDepth: integer(100, 'a review that is nested deeper is answered without a patch', 20),
    headTimeout: string('10s', 'time for a handshake, and for the head of a request', is.duration),
    bodyTimeout: string('5s', 'time for the body of a request', is.duration),
  }),
  port: integer(
    10_250,
    'port of the container; private GKE clusters let the API server reach only 443 and 10250',
    1,
    65_535,
  ),
  admissionEnforcer: flag(true, "add what AKS' admissions enforcer would add, so that it changes nothing"),
  labels: leaf<Labels>({}, 'labels of the MutatingWebhookConfiguration, or of the policy and its bindings', is.labels),
  annotations: leaf<Labels>(
    {},
    'annotations of the MutatingWebhookConfiguration, or of the policy and its bindings',
    is.annotations,
  ),
});
