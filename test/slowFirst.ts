import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that take minutes, longest first: one that starts last is what all others are waited for. */
const slow: readonly string[] = ['releaseRotation', 'install', 'releasePolicy', 'installRefusal', 'targets', 'uninstall', 'releaseOneTruth', 'targetsTrouble', 'releaseFaults'].map(
  (name) => `${name}.test.ts`,
);

/** Starts the slow files first. A fresh checkout knows no durations, and size tells little. */
export default class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => (slow.includes(basename(moduleId)) ? slow.indexOf(basename(moduleId)) : slow.length);
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}
