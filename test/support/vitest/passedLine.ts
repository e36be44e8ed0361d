import type { Reporter, TestModule } from 'vitest/node';

/**
 * Closes the output with one line that a program can read: `N passed, N failed`, then the skipped ones. The lines
 * before it name each test that passed only at its second attempt: such a test, or the product, has a race.
 */
const passedLine: Reporter = {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]) {
    const flaky: string[] = [];
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      let tests = 0;
      for (const test of module.children.allTests()) {
        tests += 1;
        if (test.diagnostic()?.flaky === true) flaky.push(`${module.relativeModuleId} > ${test.fullName}`);
        const { state } = test.result();
        count[state === 'pending' ? 'skipped' : state] += 1;
      }
      // A file that does not even load has no test that could fail.
      if (tests === 0 && !module.ok()) count.failed += 1;
    }
    const skipped = count.skipped === 0 ? '' : `, ${count.skipped} skipped`;
    // Behind everything else, vitest's own summary and the teardown of the projects too.
    process.once('exit', () => {
      for (const name of flaky) console.log(`passed only at the second attempt: ${name}`);
      console.log(`${count.passed} passed, ${count.failed} failed${skipped}`);
    });
  },
};

export default passedLine;
