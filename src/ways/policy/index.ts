export { configOfParameters } from './configOfParameters.ts';
export { policyExpressions, type PolicyExpressions } from './expressions.ts';
export { matchConditionName, type MatchCondition, type PolicySkip } from './matching.ts';
export { policyObjects, type PolicyOptions } from './policyObjects.ts';
export { policyParameters, policyProfiles, type ParameterOptions, type PolicyProfile } from './parameters.ts';
