import { expect, test } from 'vitest';
import { dryRunPods } from '../../../src/dryRun/index.ts';
import { mostPresent, readSurroundings } from '../../../src/dryRun/surroundings.ts';
import type { WorkloadObject } from '../../../src/kubernetes/api/types.ts';
import type { Kubectl } from '../../../src/kubernetes/kubectl.ts';

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: 'app' }] } };
const spec = { replicas: 1, selector: { matchLabels: { app: 'web' } }, template };
const object: WorkloadObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec,
};
const quota = {
  metadata: { name: 'small' },
  spec: { hard: { pods: '5' } },
  status: { hard: { pods: '5' }, used: { pods: '1' } },
};

/** A namespace with a quota and so many pods; a pod of 1 KB of what is not counted. */
function server(pods: number): { readonly kubectl: Kubectl; readonly pages: number[] } {
  const pages: number[] = [];
  const kubectl: Kubectl = async (args, { input } = {}) => {
    if (args[0] === 'create') return { stdout: input ?? '', stderr: '' };
    if (args[1] !== '--raw')
      return { stdout: args.includes('resourcequotas') ? JSON.stringify({ items: [quota] }) : '', stderr: '' };
    const url = new URL(args[2] ?? '', 'http://api');
    expect(url.pathname + (url.searchParams.get('labelSelector') ?? '')).toBe('/api/v1/namespaces/shop/podsapp=web');
    const [limit, from] = [Number(url.searchParams.get('limit')), Number(url.searchParams.get('continue') ?? 0)];
    const count = Math.min(limit, pods - from);
    pages.push(count);
    const items = Array.from({ length: count }, (_, index) => ({
      metadata: { name: `web-${from + index}` },
      spec: template.spec,
      status: { phase: index === 0 && from === 0 ? 'Failed' : 'Running' },
    }));
    return {
      stdout: JSON.stringify({ metadata: from + limit < pods ? { continue: String(from + limit) } : {}, items }),
      stderr: '',
    };
  };
  return { kubectl, pages };
}

test("a workload's pods are counted page by page, without those that have ended", async () => {
  const { kubectl, pages } = server(600);
  const { present, tooMany } = await readSurroundings(kubectl, 'shop', object);
  expect([present?.length, tooMany, pages]).toEqual([599, false, [250, 250, 100]]);
});

test('beyond a limit they are not counted, and a warning says so', async () => {
  const { kubectl, pages } = server(mostPresent + 1);
  expect(await readSurroundings(kubectl, 'shop', object)).toMatchObject({ present: undefined, tooMany: true });
  expect(pages.reduce((sum, count) => sum + count, 0)).toBe(mostPresent);
  expect(await dryRunPods({ kubectl, namespace: 'shop', object, with: template, without: template })).toMatchObject({
    outcome: 'fits',
    notes: [
      `one pod fits; it is not known whether the quotas have room for all: it has more than ${mostPresent} pods, which are not counted`,
    ],
  });
});
