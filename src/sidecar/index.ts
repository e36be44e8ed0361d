export {
  amountAnnotation,
  amountNames,
  amountPattern,
  amountProblem,
  amountsOfAnnotations,
  hasInvalidAmount,
  largestAmount,
  leastMemoryLimit,
  type AmountName,
  type SidecarAmounts,
} from './amounts.ts';
export {
  agentResources,
  defaultAgent,
  defaultMaxBufferSize,
  defaultMaxVolumeSize,
  defaultSidecarConfig,
  defaultSkipRuntimeClasses,
  everything,
  isSkippedRuntimeClass,
  runtimeClassPattern,
  leastMetricsPort,
  maxVolumeBytes,
  uploadKeys,
  uploadPatterns,
  type AgentConfig,
  type AgentSidecarConfig,
  type CustomSidecarConfig,
  type SidecarConfig,
} from './config.ts';
export { readSidecarConfig } from './configFile.ts';
export {
  imageRepositories,
  isImageReference,
  isPlaceholderImage,
  placeholderImage,
  placeholderRegistry,
} from './image.ts';
export {
  attachedContainers,
  attachedSettings,
  makeAttached,
  nextAttachedName,
  notWhenAttached,
  type AttachedContainer,
  type AttachedOptions,
} from './attached.ts';
export { asksForMirror, mirrorResources } from './mirrorContainer.ts';
export {
  agentProgram,
  agentUser,
  containerName,
  containerNames,
  localVolumes,
  metricsPortName,
  mirrorName,
  mountPaths,
  volumeNames,
} from './partNames.ts';
export { platformOfConfig, platformTexts, platformVariables } from './platformVariables.ts';
export { probeAnnotation, restrictedSecurityContext } from './probeAnnotation.ts';
export {
  logMebibytes,
  sidecarResources,
  storageName,
  type ConfiguredResources,
  type PodOfResources,
} from './resources.ts';
export {
  largestId,
  securityContext,
  withDefaults,
  type AgentSecurityContext,
  type InheritedSecurity,
} from './securityContext.ts';
export {
  assumedLevels,
  type AssumedLevel,
  makeSidecar,
  settingsOfPod,
  uploadAuthority,
  type SecurityProfile,
  type Sidecar,
  type SidecarOptions,
} from './sidecar.ts';
export { formatStatus, parseStatus, type SidecarStatus } from './statusAnnotation.ts';
