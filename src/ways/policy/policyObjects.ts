import { exceedsBaseline, levelTerms } from '../../inject/index.ts';
import type { AssumedLevel, SidecarConfig } from '../../sidecar/index.ts';
import { customSidecarExpressions } from './customSidecarCel.ts';
import { digest } from './digest.ts';
import { policyExpressions } from './expressions.ts';
import { policyParameters, skippedParameter, type PolicyProfile } from './parameters.ts';

/** What the objects of a policy contain. */
export interface PolicyOptions {
  readonly config: SidecarConfig;
  /** Part of the name of every object; that of the policy is NAME.NAMESPACE. */
  readonly name: string;
  /** The namespace of the parameters. Its pods are never injected. */
  readonly namespace: string;
  /** The label of a namespace that opts in, with the value "enabled". */
  readonly namespaceLabel: string;
  /** The annotation by which a pod asks for injection. */
  readonly annotation: string;
  /** Pods are injected unless that annotation says "false". */
  readonly optOut: boolean;
  /** More namespaces that are never injected. */
  readonly excludedNamespaces?: readonly string[];
  /** The level of namespaces without a Pod Security label; default `auto`. */
  readonly podSecurity?: AssumedLevel | undefined;
  readonly failurePolicy: 'Ignore' | 'Fail';
  readonly labels?: Readonly<Record<string, string>>;
  /** The labels of pods in `namespace` that check the policy in a dry run. Without them there is no such check. */
  readonly probeLabels?: Readonly<Record<string, string>>;
}

const admission = 'admissionregistration.k8s.io/v1';
const namespaceName = 'kubernetes.io/metadata.name';

/**
 * One MutatingAdmissionPolicy, and for each profile a binding and the ConfigMap with its parameters, in the order in
 * which they must be created. At most one binding matches a pod.
 * @throws SIDECAR_CONFIG_INVALID
 */
export function policyObjects(options: PolicyOptions): readonly object[] {
  const { config } = options;
  const profiles: PolicyProfile[] = ['privileged'];
  // In such a namespace the API server would refuse the whole pod of the app.
  if (config.form === 'agent' || !exceedsBaseline(config)) profiles.push('baseline');
  if (config.form === 'agent' && options.probeLabels !== undefined) profiles.push('probe');
  return [
    ...profiles.map((profile) => parametersOf(options, profile)),
    policy(options),
    ...profiles.map((profile) => binding(options, profile)),
  ];
}

function policy(options: PolicyOptions): object {
  const { matchConditions, variables, mutations } =
    options.config.form === 'agent' ? policyExpressions : customSidecarExpressions(options.config);
  return {
    apiVersion: admission,
    kind: 'MutatingAdmissionPolicy',
    metadata: metadata(options, policyName(options)),
    spec: {
      failurePolicy: options.failurePolicy,
      reinvocationPolicy: 'IfNeeded',
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConstraints: {
        resourceRules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' },
        ],
      },
      matchConditions,
      variables,
      mutations,
    },
  };
}

function binding(options: PolicyOptions, profile: PolicyProfile): object {
  const { namespace } = options;
  return {
    apiVersion: admission,
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: metadata(options, bindingName(options, profile)),
    spec: {
      policyName: policyName(options),
      paramRef: { name: parametersName(options, profile), namespace, parameterNotFoundAction: 'Allow' },
      matchResources: profile === 'probe' ? probeSelectors(options) : podSelectors(options, profile),
    },
  };
}

function podSelectors(options: PolicyOptions, profile: 'privileged' | 'baseline'): object {
  return {
    namespaceSelector: {
      matchExpressions: [
        { key: options.namespaceLabel, operator: 'In', values: ['enabled'] },
        {
          key: namespaceName,
          operator: 'NotIn',
          values: [...new Set([options.namespace, ...(options.excludedNamespaces ?? [])])],
        },
        levelTerms(options.podSecurity ?? 'auto')[profile],
      ],
    },
  };
}

function probeSelectors({ namespace, probeLabels = {} }: PolicyOptions): object {
  return {
    namespaceSelector: { matchExpressions: [{ key: namespaceName, operator: 'In', values: [namespace] }] },
    objectSelector: { matchLabels: probeLabels },
  };
}

function parametersOf(options: PolicyOptions, profile: PolicyProfile): object {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...metadata(options, parametersName(options, profile)), namespace: options.namespace },
    immutable: true,
    data: dataOf(options, profile),
  };
}

function dataOf(
  { config, annotation, optOut }: PolicyOptions,
  profile: PolicyProfile,
): Readonly<Record<string, string>> {
  if (config.form === 'agent') return policyParameters(config, { profile, annotation, optOut });
  return { profile, annotation, optOut: String(optOut), ...skippedParameter(config) };
}

function policyName({ name, namespace }: PolicyOptions): string {
  return `${name}.${namespace}`;
}

/** A namespace's name contains no dot, so two releases never have the same name. */
function bindingName(options: PolicyOptions, profile: PolicyProfile): string {
  return profile === 'privileged' ? policyName(options) : `${policyName(options)}.${profile}`;
}

/**
 * The name of a ConfigMap changes with its data. When the last policy with parameters is deleted, the API server stops
 * watching ConfigMaps, and uses those that it knew until it restarts (Kubernetes 1.37,
 * apiserver/pkg/admission/plugin/policy/generic/policy_source.go). With the same name it would use the old data.
 */
function parametersName(options: PolicyOptions, profile: PolicyProfile): string {
  const parts = [
    options.name,
    'policy',
    ...(profile === 'privileged' ? [] : [profile]),
    digest(dataOf(options, profile)),
  ];
  return parts.join('-');
}

function metadata({ labels }: PolicyOptions, name: string): object {
  return { name, ...(labels === undefined ? {} : { labels }) };
}
