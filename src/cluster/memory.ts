import { setFlagsFromString } from 'node:v8';

/**
 * For a command that reads much and keeps little, and then ends: each collection takes the whole heap. V8 would rather let
 * it grow by what the pages of a large list leave behind; seen with 10,000 pods: 200 MiB in place of 266, in no more time.
 */
export function collectThoroughly(): void {
  setFlagsFromString('--gc-global');
}
