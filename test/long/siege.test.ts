import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle, writeBundle } from '../../scripts/images/bundle.ts';
import type { CertificateMaterial } from '../../src/certificates/index.ts';
import { attacksOf } from '../support/webhook/attackList.ts';
import { confine } from '../support/webhook/confined.ts';
import { mebibyte } from '../support/webhook/floodBodies.ts';
import { makeMounts, newCertificates, startInjector, type Mounts } from '../support/webhook/injector.ts';
import { besiege, siegeTable, warmUp, type Siege } from '../support/webhook/siege.ts';

let folder: string;
let program: string;
let material: CertificateMaterial;
let mounts: Mounts;
const sieges: Siege[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-siege-'));
  program = await writeBundle(await bundle('src/cli/injector.ts'), folder);
  material = await newCertificates();
  mounts = await makeMounts(material);
});
afterAll(async () => {
  console.log(siegeTable(sieges));
  await Promise.all([mounts.config.remove(), mounts.certificates.remove(), rm(folder, { recursive: true })]);
});

test.each(attacksOf(1))('$name', async (attack) => {
  // The limit of the chart.
  const group = await confine(`packet-capture-siege-${process.pid}`, 256 * mebibyte);
  try {
    const injector = await startInjector(mounts, [], program, group.enter);
    await warmUp(injector, material.caBundle);
    const siege = await besiege(attack, { injector, ca: material.caBundle, group });
    sieges.push(siege);
    expect(siege.held, JSON.stringify(siege)).toBe(true);
    expect(await injector.stop()).toBe(0);
  } finally {
    await group.remove();
  }
});
