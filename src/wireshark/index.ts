export { configurationFolder } from './configurationFolder.ts';
export { mostColours, profileFiles, profileName, type ColouredPod } from './profile.ts';
