export { findingKinds, formatFinding, type Finding, type FindingCode, type Severity } from './findings.ts';
export { installRelease, type InstallOptions, type Refused } from './install.ts';
export { formatResult, type InstallResult } from './summary.ts';
export { formatUninstall, uninstallRelease, type UninstallOptions, type UninstallResult } from './uninstall.ts';
