/** What a platform demands of a pod: an expression in CEL that is true of pods that it admits. */
export interface Demand {
  /** As the platform's own message begins. */
  readonly name: string;
  readonly expression: string;
}

/** A pod that violates one of the demands, and no other. */
export interface Violation {
  readonly refusedBy: string;
  /** Of the pod's spec. */
  readonly spec?: object;
  /** Of its container. */
  readonly container?: object;
}

/** A label of namespaces: its value is the stand-in that judges their pods. */
export const platformLabel = 'platforms.packet-capture.test/stand-in';

/** Expressions that several stand-ins use: of new pods `all` are their containers. */
export const variables = [
  {
    name: 'all',
    expression:
      'object.spec.containers + object.spec.?initContainers.orValue([]) + object.spec.?ephemeralContainers.orValue([])',
  },
  { name: 'volumes', expression: 'object.spec.?volumes.orValue([])' },
];

/** Of each container: it has no such field, or one of which this is true. */
export function eachContainer(condition: string): string {
  return `variables.all.all(c, ${condition})`;
}

/** The capabilities that a container may add. */
export function addsOnly(allowed: readonly string[]): string {
  const list = allowed.map((name) => `'${name}'`).join(', ');
  return eachContainer(`c.?securityContext.?capabilities.?add.orValue([]).all(a, a in [${list}])`);
}

/** No container, or pod, has the field with the value true. */
export const notPrivileged = eachContainer('!c.?securityContext.?privileged.orValue(false)');
export const noHostNamespaces = ['hostNetwork', 'hostPID', 'hostIPC']
  .map((field) => `!object.spec.?${field}.orValue(false)`)
  .join(' && ');
/** On the host's network the API server itself writes the ports of the host, which is told by another rule. */
export const noHostPorts = eachContainer('c.?ports.orValue([]).all(p, p.?hostPort.orValue(0) == 0)');

/**
 * A ValidatingAdmissionPolicy that refuses pods, and agents that are attached to them, in the namespaces with the
 * label.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 */
export function standIn(name: string, demands: readonly Demand[]): readonly object[] {
  const metadata = { name: `platforms-${name}` };
  const shape = { apiVersion: 'admissionregistration.k8s.io/v1', metadata };
  const rule = { apiGroups: [''], apiVersions: ['v1'] };
  return [
    {
      ...shape,
      kind: 'ValidatingAdmissionPolicy',
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          namespaceSelector: { matchLabels: { [platformLabel]: name } },
          resourceRules: [
            { ...rule, operations: ['CREATE'], resources: ['pods'] },
            { ...rule, operations: ['UPDATE'], resources: ['pods/ephemeralcontainers'] },
          ],
        },
        variables,
        validations: demands.map(({ name: demand, expression }) => ({ expression, message: `refused by ${demand}` })),
      },
    },
    {
      ...shape,
      kind: 'ValidatingAdmissionPolicyBinding',
      spec: { policyName: metadata.name, validationActions: ['Deny'] },
    },
  ];
}
