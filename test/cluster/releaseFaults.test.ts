import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  faultFixture,
  harm,
  installFaultFixture,
  missedIn,
  noHarm,
  removeFaultFixture,
  underStream,
  untilInjecting,
} from '../support/cluster/faultFixture.ts';
import { killed, mismatchedCa } from '../support/cluster/faults.ts';
import { loadReleaseImages, quickEnd } from '../support/cluster/helmFixture.ts';

const fixture = faultFixture('shortfaults');

beforeAll(async () => {
  await loadReleaseImages();
  await installFaultFixture(fixture, quickEnd);
});
afterAll(async () => {
  await removeFaultFixture(fixture);
});

// Every fault, with many pods: test/long/cluster/faults.test.ts.
test('when injectors are killed and then the CA changes, every pod becomes ready, and `check` names the missed ones', async () => {
  const [all, ca] = [killed(fixture, 2, 'perhaps'), mismatchedCa(fixture)];
  const report = await underStream(fixture, async ({ create }) => {
    await create('before', 4);
    await all.strike();
    await create('killed', 6);
    await all.mend();
    await ca.strike();
    await create('mismatched', 6);
    await ca.mend();
    await untilInjecting(fixture);
    await create('after', 6);
  });
  expect(harm(report)).toEqual(noHarm);
  expect({
    before: missedIn(report, 'before'),
    mismatched: missedIn(report, 'mismatched'),
    after: missedIn(report, 'after'),
  }).toEqual({ before: 0, mismatched: 6, after: 0 });
});
