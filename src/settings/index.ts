export { allowedPatterns, lockProblem } from './allowed.ts';
export { bounds, headersOnly } from './bounds.ts';
export { parseDuration } from '../duration.ts';
export { goTable } from './goTable.ts';
export { settingsMarkdown } from './settingsTable.ts';
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
export {
  fitsVolume,
  largestVolumeBytes,
  ringBytes,
  ringSum,
  spareBytes,
  spareFiles,
  volumeBytes,
  volumeLimitProblem,
} from './ring.ts';
export {
  findSetting,
  isDestination,
  settings,
  type Setting,
  type SettingName,
  type SettingType,
  type SettingValues,
} from './table.ts';
export { isSecret, settingProblem, settingRefusal } from './validate.ts';
