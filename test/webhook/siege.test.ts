import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle, writeBundle } from '../../scripts/images/bundle.ts';
import type { CertificateMaterial } from '../../src/certificates/index.ts';
import { attacksOf } from '../support/webhook/attackList.ts';
import { confine, type Confinement } from '../support/webhook/confined.ts';
import { mebibyte } from '../support/webhook/floodBodies.ts';
import {
  makeMounts,
  newCertificates,
  startInjector,
  type Mounts,
  type RunningInjector,
} from '../support/webhook/injector.ts';
import { besiege, warmUp, type Siege } from '../support/webhook/siege.ts';

let folder: string;
let group: Confinement;
let material: CertificateMaterial;
let mounts: Mounts;
let injector: RunningInjector;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-siege-'));
  const program = await writeBundle(await bundle('src/cli/injector.ts'), folder);
  material = await newCertificates();
  mounts = await makeMounts(material);
  // The memory limit of the chart.
  group = await confine(`packet-capture-siege-${process.pid}`, 256 * mebibyte);
  injector = await startInjector(mounts, [], program, group.enter);
  await warmUp(injector, material.caBundle);
});
afterAll(async () => {
  await injector.stop();
  await group.remove();
  await Promise.all([mounts.config.remove(), mounts.certificates.remove(), rm(folder, { recursive: true })]);
});

// test/long/siege.test.ts runs all attacks, each by itself.
test.each(attacksOf(0.03))(
  'under attack, the injector answers other reviews and stays within its memory: $name',
  async (attack) => {
    // Once more, because others share the machine: what the attack does to the injector it does each time.
    const sieges: Siege[] = [];
    while (sieges.length < 5 && sieges.at(-1)?.held !== true)
      sieges.push(await besiege(attack, { injector, ca: material.caBundle, group }));
    expect(sieges.at(-1)?.held, JSON.stringify(sieges)).toBe(true);
    expect(sieges.map(({ oomKills, stream }) => [oomKills, stream.failures])).toEqual(sieges.map(() => [0, []]));
  },
);
