import { annotationVariables } from './annotations.ts';
import { containerVariables } from './container.ts';
import { agentConditions, fitConditions, optInConditions, type MatchCondition } from './matching.ts';
import { agentPatch, pullSecretVariables } from './patch.ts';
import { portVariables } from './ports.ts';
import { resourceVariables } from './resources.ts';
import { securityVariables } from './securityContext.ts';
import { sizeLimitVariables } from './sizeLimit.ts';
import type { Variable } from './variable.ts';
import { volumeVariables } from './volumes.ts';

/** What a MutatingAdmissionPolicy says in CEL. */
export interface PolicyExpressions {
  readonly matchConditions: readonly MatchCondition[];
  /** In the order in which they read each other. */
  readonly variables: readonly Variable[];
  readonly mutations: readonly object[];
}

/** Of our own sidecar: the same for every cluster and every configuration, which comes in as parameters. */
export const policyExpressions: PolicyExpressions = {
  matchConditions: [...optInConditions, ...fitConditions, ...agentConditions],
  variables: [
    ...sizeLimitVariables,
    ...resourceVariables,
    ...portVariables,
    ...securityVariables,
    ...containerVariables,
    ...volumeVariables,
    ...annotationVariables,
    ...pullSecretVariables,
  ],
  mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: agentPatch } }],
};
