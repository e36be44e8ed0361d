import { describe, expect, test } from 'vitest';
import { codedError } from '../../../../src/errors.ts';
import type { PodTemplate } from '../../../../src/kubernetes/api/types.ts';
import type { ApiClient } from '../../../../src/release/hooks/apiClient.ts';
import type { Planned } from '../../../../src/release/hooks/changeObjects.ts';
import type { TriedTarget } from '../../../../src/release/hooks/imageTrials.ts';
import { checkPods } from '../../../../src/release/hooks/targetPodCheck.ts';
import { defaultAgent, defaultSidecarConfig } from '../../../../src/sidecar/index.ts';

const object = { kind: 'Deployment', namespace: 'shop', name: 'web' } as const;
const planned: Planned = { object, plan: { patch: { metadata: {} }, ours: true } };
const config = { ...defaultSidecarConfig, agent: { ...defaultAgent, image: 'registry.example/agent:2' } };
const web = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: {}, spec: { containers: [{ name: 'app', image: 'app' }] } },
  },
};

/** An API server with that Deployment. @param admit makes the pods that are asked for by a dry run */
function server(admit: (pod: PodTemplate) => unknown, labels: Readonly<Record<string, string>> = {}): ApiClient {
  return async ({ method, path, body, what }) => {
    if (method === 'POST') return { body: admit(body as PodTemplate), warnings: [] };
    if (path.includes('/deployments/')) return { body: web, warnings: [] };
    if (path === '/api/v1/namespaces/shop') return { body: { metadata: { name: 'shop', labels } }, warnings: [] };
    if (/limitranges|resourcequotas|pods/.test(path)) return { body: { items: [] }, warnings: [] };
    throw codedError('NOT_FOUND', what);
  };
}

async function check(
  api: ApiClient,
  timeoutSeconds = 0,
): Promise<{ readonly result: Planned; readonly events: string[] }> {
  const events: string[] = [];
  const options = {
    api,
    annotation: 'packet-capture/inject',
    config,
    podSecurity: 'auto',
    timeoutSeconds,
    report: ({ event }: { readonly event: string }) => events.push(event),
  } as const;
  return { result: await checkPods(options, planned), events };
}

test('a workload whose pods fit is opted in', async () => {
  expect(await check(server((pod) => pod))).toEqual({ result: planned, events: [] });
});

test('a workload whose pods are refused because of the sidecar is not opted in; the message names the cause and what fits', async () => {
  const refusing = server((pod) => {
    if (pod.spec?.initContainers === undefined) return pod;
    throw codedError(
      'ADMISSION_DENIED',
      'pods "web-" is forbidden: maximum cpu usage per Container is 100m, but limit is 250m',
    );
  });
  const { result } = await check(refusing);
  expect(result).toMatchObject({
    object,
    error: { code: 'NOT_INJECTABLE', message: expect.stringContaining('maximum cpu usage per Container is 100m') },
  });
});

test('where Pod Security forbids a capture, no pod is replaced', async () => {
  const { result } = await check(server((pod) => pod, { 'pod-security.kubernetes.io/enforce': 'restricted' }));
  expect(result).toMatchObject({ error: { code: 'POD_SECURITY' } });
});

test('the hook waits for an injector that still has the previous configuration', async () => {
  let asked = 0;
  const api = server((pod) => {
    if (pod.spec?.initContainers !== undefined || pod.metadata?.annotations?.['packet-capture/inject'] !== 'true')
      return pod;
    asked += 1;
    const image = asked === 1 ? 'registry.example/agent:1' : config.agent.image;
    return { ...pod, spec: { ...pod.spec, initContainers: [{ name: 'packet-capture', image }] } };
  });
  expect(await check(api, 10)).toEqual({ result: planned, events: ['waiting_for_configuration'] });
});

test('namespaces and unchanged objects are not checked', async () => {
  const api: ApiClient = async ({ what }) => {
    throw codedError('INTERNAL', what);
  };
  const unchanged: Planned = { object, plan: { patch: undefined, ours: true } };
  const options = {
    api,
    annotation: 'a',
    config,
    podSecurity: 'auto',
    timeoutSeconds: 0,
    report: () => undefined,
  } as const;
  expect(await checkPods(options, unchanged)).toBe(unchanged);
  const namespace: Planned = {
    object: { kind: 'Namespace', namespace: '', name: 'shop' },
    plan: { patch: {}, ours: true },
  };
  expect(await checkPods(options, namespace)).toBe(namespace);
});

describe('the agent’s image', () => {
  const changing: Planned = { object, plan: { patch: { metadata: {}, spec: {} }, ours: true } };
  const problem = { code: 'IMAGE_UNUSABLE', what: 'the image does not start', remedy: 'Mend it.' } as const;

  async function tried(
    row: Planned,
    spec: object = {},
    own = config as Parameters<typeof checkPods>[0]['config'],
  ): Promise<{ readonly result: Planned; readonly targets: TriedTarget[] }> {
    const targets: TriedTarget[] = [];
    const tryImage = async (target: TriedTarget): Promise<typeof problem> => {
      targets.push(target);
      return problem;
    };
    const admitted = server((pod) => ({
      ...pod,
      spec: { serviceAccountName: 'default', imagePullSecrets: [{ name: 'of-the-account' }], ...pod.spec },
    }));
    const api: ApiClient = async (call) => {
      const answer = await admitted(call);
      return call.path.includes('/deployments/')
        ? { ...answer, body: { ...web, spec: { ...web.spec, ...spec } } }
        : answer;
    };
    const options = {
      api,
      annotation: 'packet-capture/inject',
      config: own,
      podSecurity: 'auto',
      timeoutSeconds: 0,
      tryImage,
      report: () => undefined,
    } as const;
    return { result: await checkPods(options, row), targets };
  }

  test("is tried with the pods' pull secrets, and a workload is not opted in if it does not start", async () => {
    const { result, targets } = await tried(changing);
    expect(targets).toMatchObject([
      {
        object: 'deployment/web in shop',
        namespace: 'shop',
        container: { image: 'registry.example/agent:2' },
        like: { spec: { serviceAccountName: 'default', imagePullSecrets: [{ name: 'of-the-account' }] } },
      },
    ]);
    expect(result).toMatchObject({
      object,
      error: { code: 'IMAGE_UNUSABLE', message: 'it is not opted in: the image does not start. Mend it.' },
    });
  });

  test.each<[string, Planned, object]>([
    ['the template stays as it is', planned, {}],
    ['the rollout is paused', changing, { paused: true }],
    ['there is no pod', changing, { replicas: 0 }],
  ])('is not tried where no rollout follows: %s', async (_, row, spec) => {
    expect(await tried(row, spec)).toEqual({ result: row, targets: [] });
  });

  test('of a custom sidecar is not tried', async () => {
    const own = {
      form: 'custom',
      containers: [{ name: 'packet-capture', image: 'x' }],
      initContainers: [],
      volumes: [],
    } as const;
    expect(await tried(changing, {}, own)).toEqual({ result: changing, targets: [] });
  });
});
