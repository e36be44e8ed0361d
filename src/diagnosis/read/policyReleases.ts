import type { ConfigMap, MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding } from '../../kubernetes/api/types.ts';
import { injectAnnotation } from '../../settings/index.ts';
import { configOfParameters } from '../../ways/policy/index.ts';
import { instanceLabel } from '../../ways/webhook/names.ts';
import { identityOf, namespaceLabelOf, type PolicyParameters, type Release, type Rule } from './releases.ts';

/** Policies of packet-capture, with their bindings and parameters. */
export interface PolicyObjects {
  readonly policies: readonly MutatingAdmissionPolicy[];
  readonly bindings: readonly MutatingAdmissionPolicyBinding[];
  /** The ConfigMaps that the bindings name, if they can be read. */
  readonly parameters: readonly ConfigMap[];
  /** Namespaces whose ConfigMaps may not be read: none of these is reported as missing. */
  readonly unreadable: readonly string[];
}

/** The prefix of the conditions of our policies: they are recognized by it, because labels can be overridden. */
const conditionPrefix = 'packet-capture.internal/';

/**
 * Whether the chart made this policy: its match conditions have names of their own, and the policy's name is the
 * user's choice.
 */
export function isOurs({ spec }: MutatingAdmissionPolicy): boolean {
  return spec?.matchConditions?.some(({ name }) => name.startsWith(conditionPrefix)) === true;
}

/** The releases among these policies. Pure. */
export function policyReleases({ policies, bindings, parameters, unreadable }: PolicyObjects): Release[] {
  return policies.filter(isOurs).map((policy) => {
    const own = bindings.filter(({ spec }) => spec?.policyName === policy.metadata.name);
    return policyRelease(
      policy,
      own.map((binding) => boundOf(binding, parameters, unreadable)),
    );
  });
}

interface Bound {
  readonly binding: MutatingAdmissionPolicyBinding;
  /** Undefined when the ConfigMap is missing or may not be read. */
  readonly data: Readonly<Record<string, string>> | undefined;
  readonly missing: boolean;
}

function boundOf(
  binding: MutatingAdmissionPolicyBinding,
  parameters: readonly ConfigMap[],
  unreadable: readonly string[],
): Bound {
  const { name = '', namespace = '' } = binding.spec?.paramRef ?? {};
  const found = parameters.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
  return { binding, data: found?.data, missing: found === undefined && !unreadable.includes(namespace) };
}

function policyRelease({ metadata, spec }: MutatingAdmissionPolicy, bound: readonly Bound[]): Release {
  const { matchConditions = [], failurePolicy = 'Fail' } = spec ?? {};
  const injecting = bound.filter((one) => profileOf(one) !== 'probe');
  const rules = injecting.map((one) => ruleOf(one, matchConditions));
  const { annotation = injectAnnotation, optOut } = injecting.find(({ data }) => data !== undefined)?.data ?? {};
  const namespace = bound[0]?.binding.spec?.paramRef?.namespace ?? '';
  return {
    way: 'policy',
    ...identityOf(metadata, namespace),
    annotation,
    optOut: optOut === 'true',
    namespaceLabel: namespaceLabelOf(rules),
    failurePolicy,
    rules,
    probe: probeOf(bound, namespace),
    parameters: policyParameters(bound, matchConditions),
  };
}

function ruleOf(bound: Bound, matchConditions: Rule['matchConditions']): Rule {
  const { namespaceSelector = {}, objectSelector = {} } = bound.binding.spec?.matchResources ?? {};
  return {
    profile: profileOf(bound) === 'baseline' ? 'baseline' : 'privileged',
    namespaceSelector,
    objectSelector,
    matchConditions,
  };
}

function probeOf(bound: readonly Bound[], namespace: string): Release['probe'] {
  const probing = bound.find((one) => profileOf(one) === 'probe')?.binding.spec;
  return probing && { release: probing.matchResources?.objectSelector?.matchLabels?.[instanceLabel] ?? '', namespace };
}

function policyParameters(bound: readonly Bound[], conditions: Rule['matchConditions']): PolicyParameters {
  const data = bound.find((one) => one.data !== undefined)?.data;
  const sidecar = data && configOfParameters(data);
  return {
    missing: bound.filter(({ missing }) => missing).map(({ binding }) => nameOfParameters(binding)),
    sidecar,
    customNames: data === undefined || sidecar !== undefined ? [] : customNames(conditions),
  };
}

/** The level in the parameters; otherwise the end of the binding's name, which the chart and the command set. */
function profileOf({ binding, data }: Bound): string {
  return data?.['profile'] ?? /[.-](baseline|probe)$/.exec(binding.metadata.name)?.[1] ?? 'privileged';
}

function nameOfParameters({ spec }: MutatingAdmissionPolicyBinding): string {
  return `configmap/${spec?.paramRef?.name ?? ''} in ${spec?.paramRef?.namespace ?? ''}`;
}

/** The containers of a custom sidecar: only the condition about name collisions has their names. */
function customNames(conditions: Rule['matchConditions']): string[] {
  const expression = conditions.find(({ name }) => name === `${conditionPrefix}name-collision`)?.expression ?? '';
  const [, names, only] =
    /containers\.exists\(item, item\.name (?:in \[([^\]]*)\]|== ('[^']+'))\)/.exec(expression) ?? [];
  return [...(names ?? only ?? '').matchAll(/'([^']+)'/g)].flatMap(([, name]) => name ?? []);
}
