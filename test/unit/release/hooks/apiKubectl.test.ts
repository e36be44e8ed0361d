import { describe, expect, test } from 'vitest';
import { dryRunPods } from '../../../../src/dryRun/index.ts';
import { codedError } from '../../../../src/errors.ts';
import type { ApiCall, ApiClient } from '../../../../src/release/hooks/apiClient.ts';
import { apiKubectl } from '../../../../src/release/hooks/apiKubectl.ts';

function recording(answer: (call: ApiCall) => unknown): { readonly api: ApiClient; readonly calls: ApiCall[] } {
  const calls: ApiCall[] = [];
  const api: ApiClient = async (call) => {
    calls.push(call);
    return { body: answer(call), warnings: ['299 - "a \\"quoted\\" warning"'] };
  };
  return { api, calls };
}

const object = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { replicas: 2, selector: { matchLabels: { app: 'web' } } },
};
const template = { metadata: { annotations: {} }, spec: { containers: [{ name: 'app', image: 'app' }] } };

describe('the dry run of pods by the API client of the hooks', () => {
  test('asks for pods and what limits them, and passes warnings on', async () => {
    const { api, calls } = recording(({ method, body }) => (method === 'POST' ? body : { items: [] }));
    const verdict = await dryRunPods({
      kubectl: apiKubectl(api),
      namespace: 'shop',
      object,
      with: template,
      without: template,
    });
    expect(verdict).toMatchObject({ outcome: 'fits', warnings: ['a "quoted" warning'] });
    expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /api/v1/namespaces/shop/pods?dryRun=All&fieldValidation=Ignore',
      'GET /api/v1/namespaces/shop/limitranges',
      'GET /api/v1/namespaces/shop/resourcequotas',
    ]);
  });

  test('selects the pods that a quota counts', async () => {
    const quota = {
      metadata: { name: 'few' },
      spec: { hard: { pods: '9' } },
      status: { hard: { pods: '9' }, used: { pods: '2' } },
    };
    const { api, calls } = recording(({ method, body, path }) =>
      method === 'POST' ? body : { items: path.endsWith('resourcequotas') ? [quota] : [] },
    );
    await dryRunPods({ kubectl: apiKubectl(api), namespace: 'shop', object, with: template, without: template });
    expect(calls.map(({ path }) => path)).toContain('/api/v1/namespaces/shop/pods?limit=250&labelSelector=app%3Dweb');
  });

  test.each([
    [
      'POD_SECURITY',
      'pods "web-" is forbidden: violates PodSecurity "baseline:latest": x',
      {
        outcome: 'refused_anyway',
        refusal: { by: 'pod_security', words: 'violates PodSecurity "baseline:latest": x' },
      },
    ],
    [
      'ADMISSION_DENIED',
      'pods "web-" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
      { outcome: 'refused_anyway', refusal: { by: 'limit_range' } },
    ],
    [
      'FORBIDDEN',
      'pods is forbidden: User "system:serviceaccount:a:b" cannot create resource "pods" in API group "" in the namespace "shop"',
      { outcome: 'unknown', right: 'create pods in namespace shop' },
    ],
  ] as const)('%s is taken as from kubectl', async (code, words, expected) => {
    const api: ApiClient = async ({ method, what }) => {
      if (method === 'POST') throw codedError(code, `cannot ${what}: ${words}`);
      return { body: { items: [] }, warnings: [] };
    };
    expect(
      await dryRunPods({ kubectl: apiKubectl(api), namespace: 'shop', object, with: template, without: template }),
    ).toMatchObject(expected);
  });

  test('asks for a real pod, and for one by its name', async () => {
    const { api, calls } = recording(() => ({}));
    const kubectl = apiKubectl(api);
    const at = ['--namespace', 'shop'];
    await kubectl(['create', ...at, '-f', '-', '-o', 'json'], { input: '{}' });
    await kubectl(['get', 'pod', 'trial', ...at, '-o', 'json']);
    await kubectl(['delete', 'pod', 'trial', ...at, '--ignore-not-found', '--grace-period=1', '--wait=false']);
    expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /api/v1/namespaces/shop/pods',
      'GET /api/v1/namespaces/shop/pods/trial',
      'DELETE /api/v1/namespaces/shop/pods/trial?gracePeriodSeconds=1',
    ]);
  });

  test('treats an absent object as deleted, if asked to', async () => {
    const api: ApiClient = async ({ what }) => {
      throw codedError('NOT_FOUND', `cannot ${what}`);
    };
    const words = ['delete', 'pod', 'trial', '--namespace', 'shop'];
    expect(await apiKubectl(api)([...words, '--ignore-not-found'])).toEqual({ stdout: '', stderr: '' });
    await expect(apiKubectl(api)(words)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('sends no requests after its end', async () => {
    const { api, calls } = recording(() => ({}));
    await expect(
      apiKubectl(api, AbortSignal.abort())(['get', 'pod', 'trial', '--namespace', 'shop']),
    ).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(calls).toEqual([]);
  });

  test('refuses other commands', async () => {
    const { api, calls } = recording(() => ({}));
    for (const words of [
      ['delete', 'pods'],
      ['get', 'secrets'],
      ['get', 'pods'],
      ['exec', 'pod'],
    ]) {
      await expect(apiKubectl(api)([...words, '--namespace', 'shop'])).rejects.toMatchObject({ code: 'INTERNAL' });
    }
    await expect(apiKubectl(api)(['get', '--raw', '/api/v1/namespaces/shop/secrets?limit=1'])).rejects.toMatchObject({
      code: 'INTERNAL',
    });
    await expect(apiKubectl(api)(['get', 'limitranges'])).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(calls).toEqual([]);
  });
});
