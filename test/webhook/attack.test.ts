import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CertificateMaterial } from '../../src/certificates/index.ts';
import { decide } from '../../src/ways/webhook/decide.ts';
import { readReview, type Review } from '../../src/ways/webhook/review.ts';
import { realReviews } from '../support/webhook/attackInputs.ts';
import { attack, expectCleanRecords, labelsOf } from '../support/webhook/attackRun.ts';
import { call, metric, metricsText } from '../support/webhook/client.ts';
import {
  makeMounts,
  newCertificates,
  startInjector,
  type Mounts,
  type RunningInjector,
} from '../support/webhook/injector.ts';
import { options } from '../support/webhook/samples.ts';

let material: CertificateMaterial;
let mounts: Mounts;
let injector: RunningInjector;
beforeAll(async () => {
  material = await newCertificates();
  mounts = await makeMounts(material, 'agent: {imagePullSecrets: [{name: registry}]}\n');
  injector = await startInjector(mounts);
});
afterAll(async () => {
  await injector.stop();
  await Promise.all([mounts.config.remove(), mounts.certificates.remove()]);
});

test('for any request, the API server accepts the answer and the patched pod', async () => {
  const victim = { injector, ca: material.caBundle };
  // The counter of refusals has no sample before the first refusal.
  await call(injector.port, material.caBundle, { body: 'nonsense' });
  const labels = labelsOf(await metricsText(injector.metricsPort));
  const tally = await attack(victim, 2000);
  expect(tally.attacks).toBeGreaterThanOrEqual(2000);
  // If all attacks were refused at once, the test would prove little.
  expect(tally.injected).toBeGreaterThan(300);
  expect([...tally.decisions.keys()]).toEqual(
    expect.arrayContaining(['opted_in', 'HTTP 400', 'malformed_pod', 'not_opted_in', 'host_network']),
  );
  const answered = await metric(
    injector,
    'packet_capture_injector_review_duration_seconds_count{webhook="privileged"}',
  );
  expect(answered).toBeGreaterThan(300);
  // Three ordinary reviews before the attacks, and three after.
  await expectCleanRecords(victim, labels, tally.reviews + 6);
});

/** Pods of the largest size that the API server accepts, with many parts of one kind. */
const many = (item: (index: number) => string): string =>
  Array.from({ length: 100_000 }, (_, index) => item(index)).join(',');

test.each<[string, string, string]>([
  ['annotations', '"annotations":{', many((index) => `"a${index}":""`)],
  ['labels', '"metadata":{', `"labels":{${many((index) => `"a${index}":""`)}}`],
  ['containers', '"containers":[', many((index) => `{"name":"c${index}"}`)],
  ['volumes', '"spec":{', `"volumes":[${many((index) => `{"name":"v${index}"}`)}]`],
])('with 100000 %s, deciding takes no longer than parsing the review', (_, place, more) => {
  const [, , bare = ''] = realReviews;
  const text = bare
    .replace('"object":{', () => '"object":{"here":0,')
    .replace(/("here":0,.*?)$/, (rest) => rest.replace(place, () => `${place}${more},`));
  const milliseconds = (work: () => unknown): number => {
    const before = process.cpuUsage();
    work();
    return process.cpuUsage(before).user / 1000;
  };
  const costs = Array.from({ length: 3 }, () => {
    let review: Review | undefined;
    const reading = milliseconds(() => (review = readReview(text)));
    return milliseconds(() => decide(review as Review, 'privileged', options)) / reading;
  });
  // The compiler and the garbage collector may run in either of them.
  expect(Math.min(...costs)).toBeLessThan(2);
});
