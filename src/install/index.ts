export { findingKinds, type Finding, type FindingCode } from './preflight/findings.ts';
export { installRelease } from './install.ts';
export type { InstallOptions } from './installOptions.ts';
export type { Refused } from './rehearsal/rehearsal.ts';
export { formatResult, type InstallResult } from './outcome/summary.ts';
export { formatUninstall, uninstallRelease, type UninstallOptions, type UninstallResult } from './uninstall.ts';
