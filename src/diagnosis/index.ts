export { checkCluster, type CheckOptions, type CheckResult } from './check.ts';
export { findingKinds, type Finding, type FindingCode } from './findings.ts';
export type { WhyResult } from './explain.ts';
export type { State } from './verdict.ts';
export { formatCheck, formatWhy } from './format.ts';
export type { MissedPod } from './missed.ts';
export { reasons, type Reason } from './reasons.ts';
export { restartAll, restartTargets, type Restarted, type RestartTarget } from './restart.ts';
export { whyInjected, type WhyOptions } from './why.ts';
