export { connectionOf, type ApiConnection } from './apiClient.ts';
export type { Ending } from './ending.ts';
export type { TargetKind, TargetObject } from './targetObject.ts';
export { optInTargets, type OptInOptions } from './optInTargets.ts';
export { optOutTargets, type OptOutOptions } from './optOutTargets.ts';
export { parseTargets } from './parseTargets.ts';
export type { InjectionKeys } from './record.ts';
export type { Report, TargetEvent } from './hookReport.ts';
