import { describe, expect, test } from 'vitest';
import { attachPods, nothingAttached, type AttachPodsOptions } from '../../../../src/captures/attach/index.ts';
import { kubeletUse, metricsUse } from '../../../../src/captures/attach/memoryUse.ts';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { attachPod, attachWorld, type AttachWorld, type WorldOptions } from '../../../support/captures/attachWorld.ts';

const metricsPath = '/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods';
const statsPath = '/api/v1/nodes/node-1/proxy/stats/summary';
const mebibyte = 1024 ** 2;

const web = (name: string) =>
  attachPod(name, {
    spec: { nodeName: 'node-1', containers: [{ name: 'app', resources: { limits: { memory: '64Mi' } } }] },
  });
const metricsOf = (name: string, memory: string) => ({
  metadata: { name, namespace: 'shop' },
  containers: [{ name: 'app', usage: { cpu: '1m', memory } }],
});
const statsOf = (name: string, mebibytes: number) => ({
  pods: [{ podRef: { name, uid: `uid-${name}` }, memory: { workingSetBytes: mebibytes * mebibyte } }],
});

async function attach(world: AttachWorld, more: Partial<AttachPodsOptions> = {}) {
  const lines: string[] = [];
  const result = await attachPods({
    kubectl: world.kubectl,
    target: { name: 'web-1', namespace: 'shop' },
    config: defaultSidecarConfig,
    ttl: '1h',
    dryRun: false,
    until: 'all',
    timeoutSeconds: 1,
    onWaiting: () => undefined,
    report: (line) => lines.push(line),
    ...more,
  });
  return { ...result, lines, error: nothingAttached(result.pods, 'x') };
}

const patches = ({ calls }: AttachWorld): number => calls.filter((call) => call.startsWith('patch')).length;
const asked = ({ calls }: AttachWorld): string[] =>
  calls.flatMap((call) => (/^get --raw (\/api\S*(?:metrics|proxy)\S*)/.exec(call) ?? []).slice(1));

describe('a pod with a memory limit', () => {
  const short = 'it uses 60Mi (by the metrics API) of 64Mi, and an agent needs up to 8Mi, and 16Mi should be free';

  test.each([false, true])(
    'that is nearly used is refused before anything is changed (dry run: %s)',
    async (dryRun) => {
      const world = attachWorld([web('web-1')], { served: { [metricsPath]: metricsOf('web-1', '61440Ki') } });
      const { error, pods } = await attach(world, { dryRun });
      expect(pods).toMatchObject([{ result: 'skipped', reason: 'memory_short', message: short }]);
      expect(error).toMatchObject({
        code: 'MEMORY_SHORT',
        message: `nothing was attached: memory_short: its memory limit leaves too little for an agent, so the kernel could kill the app: ${short}`,
        where: 'pod/web-1 in namespace shop',
        hint: expect.stringContaining('--ignore-memory'),
      });
      expect(patches(world)).toBe(0);
    },
  );

  test('that is nearly used gets an agent with --ignore-memory, and is not asked about', async () => {
    const world = attachWorld([web('web-1')], { served: { [metricsPath]: metricsOf('web-1', '61440Ki') } });
    const { pods, lines } = await attach(world, { ignoreMemory: true });
    expect(pods).toMatchObject([{ result: 'attached' }]);
    expect(lines).toEqual(['shop/web-1: attached the container packet-capture']);
    expect(asked(world)).toEqual([]);
  });

  test('is asked about at its kubelet when the metrics API is not there', async () => {
    const world = attachWorld([web('web-1')], { served: { [statsPath]: statsOf('web-1', 60) } });
    expect((await attach(world)).error).toMatchObject({
      code: 'MEMORY_SHORT',
      message: expect.stringContaining('it uses 60Mi (by its kubelet) of 64Mi'),
    });
    expect(asked(world)).toEqual([`${metricsPath}/web-1`, `${statsPath}?only_cpu_and_memory=true`]);
  });

  test.each<readonly [string, WorldOptions['served'], readonly string[]]>([
    ['enough is free', { [metricsPath]: metricsOf('web-1', '40Mi') }, []],
    [
      'nobody says what it uses',
      {},
      [
        'shop/web-1: warning: it is not known how much it uses of its memory limit of 64Mi: an agent needs up to 8Mi, and 16Mi should be free, or the kernel may kill the app',
      ],
    ],
  ])('gets an agent when %s', async (_, served = {}, warnings) => {
    const world = attachWorld([web('web-1')], { served });
    const { pods, lines } = await attach(world);
    expect(pods).toMatchObject([{ result: 'attached' }]);
    expect(lines).toEqual(['shop/web-1: attached the container packet-capture', ...warnings]);
  });

  test('and an agent is not asked about again', async () => {
    const served = { [metricsPath]: metricsOf('web-1', '40Mi') };
    const world = attachWorld([web('web-1')], { served });
    await attach(world);
    await attach(world);
    expect(asked(world)).toEqual([`${metricsPath}/web-1`]);
  });
});

test('of several pods, those with too little memory are left alone, and one question is asked for all', async () => {
  const served = { [metricsPath]: { items: [metricsOf('web-1', '60Mi'), metricsOf('web-2', '20Mi')] } };
  const world = attachWorld([web('web-1'), web('web-2'), attachPod('web-3')], { served });
  const { pods, error } = await attach(world, { target: { selector: 'app=web', namespace: 'shop' } });
  expect(pods.map(({ pod, result, reason }) => [pod, result, reason])).toEqual([
    ['web-1', 'skipped', 'memory_short'],
    ['web-2', 'attached', null],
    ['web-3', 'attached', null],
  ]);
  expect(error).toBeUndefined();
  expect(asked(world)).toEqual([metricsPath]);
});

test('a pod without a memory limit is not asked about', async () => {
  const world = attachWorld([attachPod('web-1')]);
  await attach(world);
  expect(asked(world)).toEqual([]);
});

test.each([
  ['of a pod of another name', metricsOf('web-2', '1Mi')],
  ['without a container', { ...metricsOf('web-1', '1Mi'), containers: [] }],
  [
    'without one of the containers',
    { ...metricsOf('web-1', '1Mi'), containers: [{ name: 'proxy', usage: { cpu: '1m', memory: '1Mi' } }] },
  ],
  ['with a use that is no quantity', metricsOf('web-1', 'much')],
  ['of another form', { metadata: 7, containers: 'none' }],
  ['that is no object', 'none'],
])('metrics %s say nothing', (_, answer) => {
  expect(metricsUse(answer, web('web-1'))).toBeUndefined();
});

test.each([
  ['of a pod with another uid', statsOf('web-2', 1)],
  ['of another form', { pods: [{ podRef: { uid: 'uid-web-1' }, memory: { workingSetBytes: '1' } }, 7] }],
  ['that is no object', undefined],
])('statistics of a kubelet %s say nothing', (_, answer) => {
  expect(kubeletUse(answer, web('web-1'))).toBeUndefined();
});
