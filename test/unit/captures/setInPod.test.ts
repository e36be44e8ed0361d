import { describe, expect, test } from 'vitest';
import type { CapturedPod, FoundPods } from '../../../src/captures/findPods.ts';
import { ownSettingsReader } from '../../../src/captures/ownSettings.ts';
import { dueOrders, refusalOf, setInPod } from '../../../src/captures/setInPod.ts';
import { updatePods, type UpdatePodsOptions } from '../../../src/captures/updatePods.ts';
import { codedError } from '../../../src/errors.ts';
import type { Kubectl } from '../../../src/kubernetes/kubectl.ts';
import { capturedPod } from '../../support/captures/capturedPod.ts';

const pod = capturedPod('web-1', {
  container: 'packet-capture-2',
  attached: true,
  defaults: { state: 'idle', 'file-count': '4' },
  volumeBytes: 96 * 1024 ** 2,
});
const found: FoundPods = { captured: [pod], without: [], where: 'pod/web-1 in namespace shop' };

interface Agent {
  readonly kubectl: Kubectl;
  /** What it was told, in order. */
  readonly orders: Readonly<Record<string, unknown>>[];
  readonly calls: string[];
}

/** An attached agent, which does what it is told. */
function agent(until = '2026-11-29T05:00:00Z', started: Readonly<Record<string, string>> = {}): Agent {
  const [orders, calls]: [Readonly<Record<string, unknown>>[], string[]] = [[], []];
  const settings: Record<string, string> = { state: 'idle', filter: '', ...started };
  const kubectl: Kubectl = async (args, call) => {
    calls.push(args.join(' '));
    if (args.includes('set')) {
      const told = JSON.parse(call?.input ?? '') as Readonly<Record<string, string | null>>;
      orders.push(told);
      for (const [name, value] of Object.entries(told)) if (name in settings) settings[name] = value ?? '';
      return { stdout: '{}', stderr: '' };
    }
    const idle = settings['state'] === 'idle';
    const state = { state: idle ? 'idle' : 'capturing', reason: idle ? 'state' : '', file: idle ? '' : 'x.pcapng' };
    return { stdout: JSON.stringify({ ...state, settings, attached: { until }, invalid: [] }), stderr: '' };
  };
  return { kubectl, orders, calls };
}

function optionsFor(kubectl: Kubectl, more: Partial<UpdatePodsOptions> = {}): UpdatePodsOptions & { lines: string[] } {
  const lines: string[] = [];
  const wanted = { state: 'running', filter: 'port 80' };
  const base = { target: { name: 'web-1' }, settings: wanted, dryRun: false, wait: true, timeoutSeconds: 1, lines };
  return { kubectl, found, report: (line) => lines.push(line), ...base, ...more };
}

describe('an attached agent', () => {
  test('gets settings by the standard input of a command in its container', async () => {
    const { kubectl, orders, calls } = agent();
    await setInPod(kubectl, pod, { filter: 'port 80', rotate: null }, { ttl: '2h', by: 'ann' });
    expect(orders).toEqual([{ filter: 'port 80', rotate: null, ttl: '2h', by: 'ann' }]);
    expect(calls).toEqual([
      'exec web-1 --namespace shop --container packet-capture-2 --stdin -- /usr/lib/packet-capture/agent set',
    ]);
  });

  test('that refuses is an error with its own message', async () => {
    const said =
      'command terminated with exit code 65\n{"code":"INVALID_INPUT","setting":"ttl","reason":"ttl is wrong"}';
    const kubectl: Kubectl = async () => Promise.reject(codedError('KUBECTL_FAILED', said));
    await expect(setInPod(kubectl, pod, {})).rejects.toMatchObject({
      code: 'CAPTURE_UNCONFIRMED',
      message: 'ttl is wrong',
    });
    expect(refusalOf('error: unable to upgrade connection')).toBeUndefined();
  });

  test('is changed by `start` and `stop` as pods are by annotations: what changes is reported, and waited for', async () => {
    const { kubectl, orders } = agent();
    const options = optionsFor(kubectl, { orders: { by: 'ann', reason: 'slow' } });
    expect((await updatePods(options)).pods).toEqual([
      {
        namespace: 'shop',
        pod: 'web-1',
        result: 'confirmed',
        agent: 'capturing',
        changes: [
          { setting: 'state', old: 'idle', new: 'running' },
          { setting: 'filter', old: null, new: 'port 80' },
        ],
      },
    ]);
    expect(orders).toEqual([{ state: 'running', filter: 'port 80', by: 'ann', reason: 'slow' }]);
    expect(options.lines).toEqual([
      'shop/web-1: state idle → running, filter default → "port 80"',
      'shop/web-1: capturing',
    ]);
  });

  test('gets no settings in a dry run, and none that do not fit into its ring', async () => {
    const { kubectl, orders } = agent();
    expect((await updatePods(optionsFor(kubectl, { dryRun: true }))).pods).toMatchObject([{ result: 'dry-run' }]);
    const large = optionsFor(kubectl, { settings: { state: 'running', 'file-size': '64Mi' } });
    expect((await updatePods(large)).pods).toMatchObject([{ result: 'failed' }]);
    expect(orders).toEqual([]);
  });

  test('that does not run is a failure, because it cannot get the settings later', async () => {
    const { kubectl, calls } = agent();
    const captured = [{ ...pod, ready: false }];
    expect((await updatePods(optionsFor(kubectl, { found: { ...found, captured } }))).pods).toMatchObject([
      { result: 'failed', agent: 'its container packet-capture-2 does not run; the pod is Running' },
    ]);
    expect(calls).toEqual([]);
  });
});

test.each([
  [{ leastTtl: '1h', by: 'ann' }, '2026-11-29T04:30:00Z', { ttl: '1h', by: 'ann' }],
  [{ leastTtl: '1h', by: 'ann' }, '2026-11-29T05:30:00Z', { by: 'ann' }],
  [{ leastTtl: '1h' }, undefined, { ttl: '1h' }],
  [{ ttl: '10m' }, '2026-11-29T05:30:00Z', { ttl: '10m' }],
])(
  'dueOrders(%j) for an agent that ends at %s: a command that names no time never shortens it',
  (orders, until, due) => {
    const status = until === undefined ? undefined : { attached: { until } };
    expect(dueOrders(orders, status, new Date('2026-11-29T04:00:00Z'))).toEqual(due);
  },
);

test('ownSettingsReader asks each attached agent once, and no sidecar', async () => {
  const { kubectl, calls } = agent(undefined, { filter: 'port 53' });
  const sidecar = { ...pod, uid: 's', attached: undefined, annotations: { 'packet-capture/filter': 'udp' } };
  const { attached: _attached, ...injected } = sidecar;
  const read = ownSettingsReader(kubectl, new Set(['fresh']));
  const pods: readonly CapturedPod[] = [pod, injected, { ...pod, uid: 'fresh' }, { ...pod, uid: 'r', ready: false }];
  const filters = async (): Promise<unknown[]> =>
    (await read(pods)).map(({ annotations }) => annotations['packet-capture/filter']);
  expect(await filters()).toEqual(['port 53', 'udp', undefined, undefined]);
  expect(await filters()).toEqual(['port 53', 'udp', undefined, undefined]);
  expect(calls).toHaveLength(1);
});
