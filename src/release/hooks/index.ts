export { connectionOf, type ApiConnection } from './apiClient.ts';
export type { Ending } from './ending.ts';
export type { TargetKind, TargetObject } from './targetObject.ts';
export { optIn, type OptInOptions } from './optIn.ts';
export { optOut, type OptOutOptions } from './optOut.ts';
export { isObjectName, parseTargets } from './parseTargets.ts';
export type { InjectionKeys } from './record.ts';
export type { Report, TargetEvent } from './hookReport.ts';
