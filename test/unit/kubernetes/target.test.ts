import { expect, test } from 'vitest';
import { checkTarget } from '../../../src/kubernetes/target.ts';

test.each([
  'deploy/web',
  'deployment.apps/web',
  'deployments.v1.apps/web',
  'sts/db-0',
  'Deployment/web',
  'cronjob/backup.nightly',
])('%s is TYPE/NAME', (text) => {
  expect(checkTarget(text)).toBe(text);
});

test.each([
  'web',
  'deploy/',
  '/web',
  'deploy/web/x',
  'deploy/web,db',
  'deploy/web db',
  '--all/web',
  'deploy/-l',
  '',
  'deploy/web\n',
  'deploy,sts/web',
])('"%s" is not', (text) => {
  expect(() => checkTarget(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});
