export { configurationFolder } from './folder.ts';
export { mostColours, profileFiles, profileName, type ColouredPod } from './profile.ts';
