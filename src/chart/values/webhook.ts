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

/** The values below `webhook`. A policy ignores what is about a connection: timeout, client CA, limits. */
export const webhook = group('how the API server calls the injector or applies the policy', {
  failurePolicy: choice(
    'Ignore',
    'with Fail, no pod that asks for injection starts while the injector does not answer or the policy cannot be evaluated',
    ['Ignore', 'Fail'],
  ),
  timeoutSeconds: integer(3, 'seconds that the API server waits for an answer', 1, 30),
  reinvocationPolicy: choice(
    'IfNeeded',
    'with IfNeeded, the injector is called again when a later webhook changes the pod',
    ['IfNeeded', 'Never'],
  ),
  matchPolicy: choice('Equivalent', 'with Equivalent, the rules also match other versions of the API', [
    'Equivalent',
    'Exact',
  ]),
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
    "the CA of the API servers' client certificates; when it is set, the injector answers no other clients: see docs/injector.md",
    {
      configMap: string(
        '',
        "name of a ConfigMap in the release's namespace that contains the CA",
        is.objectNameOrEmpty,
      ),
      secret: string('', 'name of a Secret that contains it, instead of a ConfigMap', is.objectNameOrEmpty),
      key: string('ca.crt', 'key of the CA in the ConfigMap or Secret', { pattern: '^[-._a-zA-Z0-9]{1,253}$' }),
    },
  ),
  limits: group('limits for the clients of the injector; see docs/injector.md', {
    maxConnections: integer(
      256,
      'open connections; half of them are kept for clients that have already had a review answered',
      8,
    ),
    maxBody: string('7Mi', 'size of a body; a larger one is refused', is.bytes),
    maxParsed: string('4Mi', 'size of a review; a larger one is answered without a patch', is.bytes),
    maxBodies: string(
      '16Mi',
      'size of all bodies that are being received, together; at least twice maxParsed',
      is.bytes,
    ),
    maxJsonValues: integer(100_000, 'JSON values in a review; a review with more is answered without a patch', 1000),
    maxJsonDepth: integer(100, 'nesting of a review; a deeper one is answered without a patch', 20),
    headTimeout: string('10s', 'time limit for a TLS handshake, and for the head of a request', is.duration),
    bodyTimeout: string('5s', 'time limit for the body of a request', is.duration),
  }),
  port: integer(
    10_250,
    "port of the injector's container; private GKE clusters let the API server reach only 443 and 10250",
    1,
    65_535,
  ),
  admissionEnforcer: flag(true, "add what AKS' admissions enforcer would add, so that it does not change the webhooks"),
  labels: leaf<Labels>({}, 'labels of the MutatingWebhookConfiguration, or of the policy and its bindings', is.labels),
  annotations: leaf<Labels>(
    {},
    'annotations of the MutatingWebhookConfiguration, or of the policy and its bindings',
    is.annotations,
  ),
});
