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
