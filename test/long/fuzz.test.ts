import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CertificateMaterial } from '../../src/certificates/index.ts';
import { attack, expectCleanRecords, labelsOf } from '../support/webhook/attackRun.ts';
import { call, metricsText } from '../support/webhook/client.ts';
import {
  makeMounts,
  newCertificates,
  startInjector,
  type Mounts,
  type RunningInjector,
} from '../support/webhook/injector.ts';

let material: CertificateMaterial;
beforeAll(async () => {
  material = await newCertificates();
});

/** With each of them the same: nothing that is sent may find a way in. */
const configurations: readonly [string, number, string, readonly string[]][] = [
  ['as it is installed', 160_000, 'agent: {}\n', []],
  [
    'with pull secrets, defaults and limits',
    40_000,
    "agent: {imagePullSecrets: [{name: registry}, {name: mirror}], resources: {requests: {cpu: 1m}, limits: {cpu: '1', memory: 1Gi}}}\nsettings: {file-size: 64Mi, state: idle}\n",
    ['--poll', '1s'],
  ],
];

describe.each(configurations)('an injector %s', (_, count, configuration, flags) => {
  let mounts: Mounts;
  let injector: RunningInjector;
  beforeAll(async () => {
    mounts = await makeMounts(material, configuration);
    injector = await startInjector(mounts, flags);
  });
  afterAll(async () => {
    await injector.stop();
    await Promise.all([mounts.config.remove(), mounts.certificates.remove()]);
  });

  test(`after ${count} attacks, the API server accepts each answer and each pod`, async () => {
    const victim = { injector, ca: material.caBundle };
    await call(injector.port, material.caBundle, { body: 'nonsense' });
    const labels = labelsOf(await metricsText(injector.metricsPort));
    const tally = await attack(victim, count);
    console.log(JSON.stringify({ ...tally, decisions: Object.fromEntries(tally.decisions) }));
    expect(tally.attacks).toBeGreaterThanOrEqual(count);
    expect(tally.injected).toBeGreaterThan(count / 10);
    await expectCleanRecords(victim, labels, tally.reviews + 6);
  });
});
