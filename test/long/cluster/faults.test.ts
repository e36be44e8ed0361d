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
  type FaultFixture,
} from '../../support/cluster/faultFixture.ts';
import {
  apiServerRestarted,
  brokenConfiguration,
  brokenConfigurationAtStart,
  drained,
  expiredCertificate,
  killed,
  mismatchedCa,
  starved,
  wedged,
  type Fault,
} from '../../support/cluster/faults.ts';
import { loadReleaseImages } from '../../support/cluster/helmFixture.ts';

const fixture = faultFixture('faults');

/** Created under each of the lines below. */
const pods = Number(process.env['PACKET_CAPTURE_FAULT_PODS'] ?? 500);

beforeAll(async () => {
  await loadReleaseImages();
  await installFaultFixture(fixture);
});
afterAll(async () => {
  await removeFaultFixture(fixture);
});

/** What goes wrong one after the other under one stream, with the phase's name in the report. */
const scenarios: readonly (readonly [string, (where: FaultFixture) => Readonly<Record<string, Fault>>])[] = [
  ['injectors are killed: one, all', (where) => ({ one: killed(where, 1, 'perhaps'), all: killed(where, 2, 'some') })],
  ['injectors are wedged: they accept, and never answer', (where) => ({ wedged: wedged(where) })],
  ['the certificate expires', (where) => ({ expired: expiredCertificate(where) })],
  ['the CA is another one', (where) => ({ mismatched: mismatchedCa(where) })],
  [
    'the configuration is broken: while injectors run, and when they start',
    (where) => ({ running: brokenConfiguration(where), starting: brokenConfigurationAtStart(where) }),
  ],
  ['injectors have no CPU', (where) => ({ starved: starved(where) })],
  ['the API server is restarted', () => ({ restarted: apiServerRestarted() })],
  ['the node of the injectors is drained', (where) => ({ drained: drained(where) })],
];

test.each(scenarios)(
  '%s: every pod is created and becomes ready, `check` names each missed one, and later pods are not missed',
  async (_, make) => {
    const faults = Object.entries(make(fixture));
    const share = (part: number): number => Math.ceil(pods * part);
    await untilInjecting(fixture);
    const report = await underStream(fixture, async ({ create }) => {
      await create('before', share(0.1));
      for (const [name, { strike, mend }] of faults) {
        for (let part = 0; part < 2; part += 1) {
          const parts = create(name, share(0.25 / faults.length));
          await strike();
          await parts;
        }
        await Promise.all([
          create(`after ${name}, while it is mended`, share(0.2 / faults.length)),
          mend().then(async () => untilInjecting(fixture)),
        ]);
      }
      await create('after', share(0.2));
    });
    console.log(JSON.stringify(report));
    expect(harm(report)).toEqual(noHarm);
    expect({ before: missedIn(report, 'before'), after: missedIn(report, 'after') }).toEqual({ before: 0, after: 0 });
    const surprises = faults.filter(
      ([name, { misses }]) => misses !== 'perhaps' && (misses === 'some') !== missedIn(report, name) > 0,
    );
    expect(surprises.map(([name]) => `${name}: ${missedIn(report, name)} missed`)).toEqual([]);
    expect(Object.values(report.phases).reduce((sum, { created }) => sum + created, 0)).toBeGreaterThanOrEqual(pods);
  },
  900_000,
);
