import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * First one that notices a defect of the API server as long as no policy was deleted there; then the files that take
 * minutes, longest first: one that starts last is what all others are waited for.
 */
const first: readonly string[] = [
  'policyParameters',
  'releaseRotation',
  'install',
  'releasePolicy',
  'installRefusal',
  'targets',
  'uninstall',
  'releaseOneTruth',
  'targetsTrouble',
  'releaseFaults',
].map((name) => `${name}.test.ts`);

/** A fresh checkout knows no durations, and size tells little. */
export default class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number =>
      first.includes(basename(moduleId)) ? first.indexOf(basename(moduleId)) : first.length;
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}
