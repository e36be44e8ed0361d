/**
 * Why an admission webhook or policy leaves a pod alone is for the API server to say. So its own conditions are put to
 * it once more, as a policy that validates: it changes nothing, and warns with the name of each condition that is not
 * met.
 */
export interface Admission {
  readonly name: string;
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[];
  /** Of a webhook each, or of a binding. */
  readonly selectors: readonly Selection[];
}

export interface Selection {
  readonly namespaceSelector: { readonly matchExpressions: readonly Requirement[] };
  readonly paramRef?: object;
}

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

const apiVersion = 'admissionregistration.k8s.io/v1';

export function observerObjects({ name, matchConditions, selectors }: Admission): object[] {
  const withParameters = selectors.some(({ paramRef }) => paramRef !== undefined);
  const policy = {
    apiVersion,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name },
    spec: {
      failurePolicy: 'Ignore',
      ...(withParameters ? { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } } : {}),
      matchConstraints: {
        resourceRules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' },
        ],
      },
      validations: matchConditions.map((condition) => ({
        expression: condition.expression,
        messageExpression: `'${name} ' + request.namespace + '/' + object.metadata.name + ' ${condition.name}.'`,
      })),
    },
  };
  const bindings = selectors.map(({ namespaceSelector, paramRef }, index) => ({
    apiVersion,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: `${name}-${index}` },
    spec: {
      policyName: name,
      ...(paramRef === undefined ? {} : { paramRef }),
      matchResources: { namespaceSelector },
      validationActions: ['Warn'],
    },
  }));
  return [policy, ...bindings];
}

/** Names of the conditions that were not met, in their order, by NAMESPACE/NAME of the pod. */
export function unmetConditions(name: string, warnings: string): ReadonlyMap<string, readonly string[]> {
  const unmet = new Map<string, string[]>();
  for (const [, pod = '', condition = ''] of warnings.matchAll(new RegExp(`${name} (\\S+/\\S+) (\\S+/\\S+)\\.`, 'g'))) {
    unmet.set(pod, [...(unmet.get(pod) ?? []), condition]);
  }
  return unmet;
}

/** Which key of a namespace's labels keeps every selector from matching it; undefined when one matches. */
export function unmetKey(
  labels: Readonly<Record<string, string>>,
  selectors: readonly Selection[],
): string | undefined {
  const failing = selectors.map(
    ({ namespaceSelector }) =>
      namespaceSelector.matchExpressions.find((requirement) => !meets(labels, requirement))?.key,
  );
  return failing.includes(undefined) ? undefined : failing[0];
}

function meets(labels: Readonly<Record<string, string>>, { key, operator, values }: Requirement): boolean {
  const value = labels[key];
  if (operator === 'In') return value !== undefined && values.includes(value);
  if (operator === 'NotIn') return value === undefined || !values.includes(value);
  throw new Error(`an operator of a selector that this does not know: ${operator}`);
}
