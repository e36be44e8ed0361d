import { annotationVariables } from './annotationsCel.ts';
import type { Variable } from './cel.ts';
import { containerVariables } from './containerCel.ts';
import { agentConditions, fitConditions, optInConditions, type MatchCondition } from './matching.ts';
import { agentPatch, pullSecretVariables } from './patchCel.ts';
import { portVariables } from './portsCel.ts';
import { resourceVariables } from './resourcesCel.ts';
import { securityVariables } from './securityContextCel.ts';
import { sizeLimitVariables } from './sizeLimitCel.ts';
import { volumeVariables } from './volumesCel.ts';

/** The CEL expressions of a MutatingAdmissionPolicy. */
export interface PolicyExpressions {
  readonly matchConditions: readonly MatchCondition[];
  /** Each one may read those before it. */
  readonly variables: readonly Variable[];
  readonly mutations: readonly object[];
}

/**
 * The expressions for the agent. They are the same in every cluster, because the configuration is in the parameters.
 */
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
