import { expect, test } from 'vitest';
import type { PodVerdict } from '../../../../src/dryRun/index.ts';
import { forced, verdictFindings } from '../../../../src/release/plan/targetPods.ts';

const refusal = {
  by: 'limit_range',
  names: ['small'],
  words: 'maximum cpu usage per Container is 10m, but limit is 250m',
  exceedsQuota: false,
  uncalled: false,
} as const;
const remedy = { text: 'Annotate it.', annotations: {}, proven: true };

function found(verdict: PodVerdict, rollout = true): string[] {
  return verdictFindings(verdict, 'deployment/web in shop', rollout).map(({ level, code }) => `${level} ${code}`);
}

test('the finding for a workload that will be opted in', () => {
  expect(found({ outcome: 'fits', warnings: [], notes: [] })).toEqual([]);
  expect(
    found({ outcome: 'fits', warnings: [], notes: ['a new pod can be created after an old one is deleted'] }),
  ).toEqual(['note target_pods_noted']);
  expect(found({ outcome: 'unknown', why: 'you may not create pods' })).toEqual(['warning target_pods_unknown']);
  expect(found({ outcome: 'refused_by_sidecar', refusal, remedy })).toEqual(['error target_pods_refused']);
  expect(found({ outcome: 'refused_anyway', refusal })).toEqual(['error target_pods_refused_anyway']);
});

test('is a note if no pod can be created anyway and no pod is replaced', () => {
  expect(found({ outcome: 'refused_anyway', refusal }, false)).toEqual(['note target_pods_noted']);
});

test('has the message, its source and the remedy', () => {
  const [finding] = verdictFindings({ outcome: 'refused_by_sidecar', refusal, remedy }, 'deployment/web in shop', true);
  expect(finding).toMatchObject({
    what: `its pods would be refused with the sidecar, by the LimitRange small: ${refusal.words}`,
    hint: 'Annotate it.',
  });
});

test('names the value that helps if Pod Security is not set by a label', () => {
  const bySecurity = { ...refusal, by: 'pod_security', names: [] } as const;
  const [finding] = verdictFindings(
    { outcome: 'refused_by_sidecar', refusal: bySecurity, remedy: { ...remedy, podSecurity: 'baseline' } },
    'x',
    true,
  );
  expect(finding?.hint).toMatch(/^Set injection\.podSecurity to baseline\./);
});

test('--force turns errors into warnings, and reports it', () => {
  const [error] = verdictFindings({ outcome: 'refused_by_sidecar', refusal, remedy }, 'x', true);
  expect(forced(error!)).toMatchObject({ level: 'warning', hint: expect.stringContaining('--force') });
  const [note] = verdictFindings({ outcome: 'unknown', why: 'y' }, 'x', true);
  expect(forced(note!)).toBe(note);
});
