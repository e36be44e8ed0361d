export { findingKinds, type Finding, type FindingCode } from './plan/preflightFindings.ts';
export { installRelease } from './apply/install.ts';
export type { InstallOptions } from './plan/installOptions.ts';
export type { Refused } from './plan/releaseDryRun.ts';
export { formatResult, type InstallResult } from './report/installSummary.ts';
export { formatUninstall, uninstallRelease, type UninstallOptions, type UninstallResult } from './apply/uninstall.ts';
