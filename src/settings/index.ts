export { lockProblem } from './allowed.ts';
export { allowedKeys, allowedLists, forAllowed, type AllowedItems, type AllowedKey } from './allowedLists.ts';
export { bounds, headersOnly } from './bounds.ts';
export { parseDuration } from '../duration.ts';
export {
  annotationPrefix,
  injectAnnotation,
  namespaceLabel,
  refreshAnnotation,
  settingAnnotation,
  settingEnvironment,
  settingsOfAnnotations,
  statusAnnotation,
} from './annotations.ts';
export { platformEnvironment, platformOf, type Platform, type PlatformKey } from './platform.ts';
export { formatMebibytes, parseQuantity, preciseBytes, quantitySuffixes, shortestQuantity } from '../quantity.ts';
export { parseKeep, type Keep } from './keepSetting.ts';
export { endpointPattern, mirrorPattern, remotePattern } from './patterns.ts';
export {
  fitsVolume,
  keepBytes,
  largestVolumeBytes,
  ringBytes,
  ringSum,
  spareBytes,
  spareFiles,
  volumeBytes,
  volumeSettings,
  volumeLimitProblem,
} from './ring.ts';
export {
  findSetting,
  isDestination,
  isHarmless,
  settings,
  standingSettings,
  type ActionName,
  type Setting,
  type SettingName,
  type SettingType,
  type SettingValues,
  type StandingName,
} from './table.ts';
export { agentVariables } from './variables.ts';
export { isSecret, settingProblem, settingRefusal } from './validate.ts';
