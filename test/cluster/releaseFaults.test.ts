import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  faultSite,
  harm,
  installFaultSite,
  missedIn,
  noHarm,
  removeFaultSite,
  underStream,
  untilInjecting,
} from '../support/cluster/faultFixture.ts';
import { killed, mismatchedCa } from '../support/cluster/faults.ts';
import { loadReleaseImages, quickEnd } from '../support/cluster/helmFixture.ts';

const site = faultSite('shortfaults');

beforeAll(async () => {
  await loadReleaseImages();
  await installFaultSite(site, quickEnd);
});
afterAll(async () => {
  await removeFaultSite(site);
});

// Every fault, with many pods: test/long/cluster/faults.test.ts.
test('injectors are killed, then the CA is another one: every pod becomes ready, and `check` names those that were missed', async () => {
  const [all, ca] = [killed(site, 2, 'perhaps'), mismatchedCa(site)];
  const report = await underStream(site, async ({ create }) => {
    await create('before', 4);
    await all.strike();
    await create('killed', 6);
    await all.mend();
    await ca.strike();
    await create('mismatched', 6);
    await ca.mend();
    await untilInjecting(site);
    await create('after', 6);
  });
  expect(harm(report)).toEqual(noHarm);
  expect({
    before: missedIn(report, 'before'),
    mismatched: missedIn(report, 'mismatched'),
    after: missedIn(report, 'after'),
  }).toEqual({ before: 0, mismatched: 6, after: 0 });
});
