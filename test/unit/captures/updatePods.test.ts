import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { updatePods, type UpdatePodsOptions } from '../../../src/captures/updatePods.ts';
import { codedError } from '../../../src/errors.ts';
import type { Kubectl } from '../../../src/kubernetes/kubectl.ts';

interface Patch {
  readonly metadata: { readonly uid: string; readonly annotations: Readonly<Record<string, string | null>> };
}

interface Fixture {
  readonly options: UpdatePodsOptions;
  readonly lines: string[];
  /** `web-1 packet-capture/state=idle`, in order. */
  readonly patches: string[];
}

/** What an agent says, by its annotations. */
type Agent = (annotations: Readonly<Record<string, string>>, pod: string) => object;

interface World {
  readonly pods: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly agent?: Agent;
  readonly fails?: (pod: string) => Error | undefined;
}

/** A cluster of pods whose agents see their annotations at once. */
function bench(
  { pods, agent = taken, fails = () => undefined }: World,
  changed: Partial<UpdatePodsOptions> = {},
): Fixture {
  const live = new Map(Object.entries(pods).map(([name, annotations]) => [name, { ...annotations }]));
  const lines: string[] = [];
  const patches: string[] = [];
  const kubectl: Kubectl = async (args) => {
    if (args[0] === 'config') return { stdout: 'shop', stderr: '' };
    if (args[0] === 'get')
      return answer({ items: [...live].map(([name, annotations]) => podObject(name, annotations)) });
    const name = (args[1] ?? '').replace('pod/', '');
    const annotations = live.get(name) ?? {};
    if (args[0] === 'exec') return answer(agent(annotations, name));
    const failure = fails(name);
    if (failure !== undefined) throw failure;
    const file = args.find((arg) => arg.startsWith('--patch-file='))?.slice('--patch-file='.length) ?? '';
    const { metadata } = JSON.parse(await readFile(file, 'utf8')) as Patch;
    expect(metadata.uid).toBe(`uid-${name}`);
    const dry = args.includes('--dry-run=server');
    for (const [key, value] of Object.entries(metadata.annotations)) {
      patches.push(`${name} ${key}=${value ?? 'none'}${dry ? ' dry' : ''}`);
      if (dry) continue;
      if (value === null) delete annotations[key];
      else annotations[key] = value;
    }
    return answer({ metadata: { name } });
  };
  const options: UpdatePodsOptions = {
    kubectl,
    target: { selector: 'app=web' },
    settings: { state: 'running' },
    dryRun: false,
    wait: true,
    timeoutSeconds: 2,
    report: (line) => lines.push(line),
    ...changed,
  };
  return { options, lines, patches };
}

function answer(value: object): { stdout: string; stderr: string } {
  return { stdout: JSON.stringify(value), stderr: '' };
}

function podObject(name: string, annotations: object): object {
  const container = { name: 'packet-capture', env: [{ name: 'PACKET_CAPTURE_SIZE_LIMIT', value: '200Mi' }] };
  return {
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, annotations },
    spec: { initContainers: [container] },
    status: { phase: 'Running', initContainerStatuses: [{ name: 'packet-capture', state: { running: {} } }] },
  };
}

function taken(annotations: Readonly<Record<string, string>>): object {
  const settings = {
    state: 'running',
    filter: '',
    rotate: '60s',
    ...Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key.split('/')[1] ?? '', value])),
  };
  const idle = settings.state === 'idle';
  return {
    state: idle ? 'idle' : 'capturing',
    reason: idle ? 'state' : '',
    settings,
    filter: settings.filter,
    file: idle ? '' : JSON.stringify(settings),
    invalid: [],
  };
}

const idle = { 'packet-capture/state': 'idle' };

describe('updatePods', () => {
  test('sets all in one request, reports the changes, and waits until the agent does it', async () => {
    const { options, lines, patches } = bench(
      { pods: { 'web-1': idle, 'web-2': { 'packet-capture/filter': 'port 80' } } },
      { settings: { state: 'running', filter: 'port 80' } },
    );
    const { pods } = await updatePods(options);
    expect(pods.map(({ pod, result, agent }) => [pod, result, agent])).toEqual([
      ['web-1', 'confirmed', 'capturing: port 80'],
      ['web-2', 'confirmed', 'capturing: port 80'],
    ]);
    // The pods are worked on side by side.
    expect(patches.toSorted()).toEqual([
      'web-1 packet-capture/filter=port 80',
      'web-1 packet-capture/state=running',
      'web-2 packet-capture/state=running',
    ]);
    expect(lines.slice(0, 2).toSorted()).toEqual([
      'shop/web-1: state idle → running, filter default → "port 80"',
      'shop/web-2: state default → running',
    ]);
    expect(lines.slice(2).toSorted()).toEqual(['shop/web-1: capturing: port 80', 'shop/web-2: capturing: port 80']);
  });

  test('a second time it changes nothing, and reports the state', async () => {
    const { options, patches } = bench({ pods: { 'web-1': idle } }, { settings: { state: 'idle' } });
    expect((await updatePods(options)).pods).toEqual([
      { namespace: 'shop', pod: 'web-1', result: 'confirmed', changes: [], agent: 'idle' },
    ]);
    expect(patches).toEqual([]);
  });

  test('a dry run stores nothing and does not wait', async () => {
    const { options, patches } = bench(
      { pods: { 'web-1': idle, 'web-2': { 'packet-capture/state': 'running' } } },
      { dryRun: true },
    );
    expect((await updatePods(options)).pods.map(({ result }) => result)).toEqual(['dry-run', 'unchanged']);
    expect(patches).toEqual(['web-1 packet-capture/state=running dry']);
  });

  test('a capture that ended by itself is started again, although nothing is changed', async () => {
    let anew = false;
    const agent = (annotations: Readonly<Record<string, string>>): object => {
      anew ||= annotations['packet-capture/state'] === 'idle';
      return anew ? taken(annotations) : { ...taken(annotations), state: 'idle', reason: 'duration', file: '' };
    };
    const { options, lines, patches } = bench({
      pods: { 'web-1': { 'packet-capture/state': 'running', 'packet-capture/duration': '5m' } },
      agent,
    });
    expect((await updatePods(options)).pods).toMatchObject([{ result: 'confirmed', changes: [] }]);
    expect(patches).toEqual(['web-1 packet-capture/state=idle', 'web-1 packet-capture/state=running']);
    expect(lines[0]).toBe('shop/web-1: its capture has ended (duration); starting it again');
  });

  test('the same when an annotation only repeats the default', async () => {
    const ended = { state: 'idle', reason: 'packet-count', file: '', settings: { state: 'running' } };
    const seen = new Set<string | undefined>();
    const agent = (annotations: Readonly<Record<string, string>>): object => {
      seen.add(annotations['packet-capture/state']);
      return seen.has('idle') ? taken(annotations) : ended;
    };
    const { options, patches } = bench({ pods: { 'web-1': {} }, agent });
    expect((await updatePods(options)).pods).toMatchObject([{ result: 'confirmed', agent: 'capturing' }]);
    expect(patches).toEqual(['running', 'idle', 'running'].map((state) => `web-1 packet-capture/state=${state}`));
  });

  test('an error of one pod does not stop the others', async () => {
    const fails = (pod: string): Error | undefined =>
      ({
        'web-1': codedError('KUBECTL_FAILED', 'pods "web-1" is forbidden'),
        'web-2': codedError('NOT_FOUND', 'pods "web-2" not found'),
      })[pod];
    const { options } = bench({ pods: { 'web-1': idle, 'web-2': idle, 'web-3': idle }, fails });
    expect((await updatePods(options)).pods.map(({ result, agent }) => [result, agent])).toEqual([
      ['failed', 'pods "web-1" is forbidden'],
      ['gone', 'the pod is gone'],
      ['confirmed', 'capturing'],
    ]);
  });

  test('a ring that does not fit is refused before anything is sent', async () => {
    const { options, patches } = bench(
      { pods: { 'web-1': idle } },
      { settings: { state: 'running', 'file-size': '64Mi' } },
    );
    expect((await updatePods(options)).pods).toMatchObject([
      { result: 'failed', agent: '8 files of 64Mi, and a spare one, do not fit into its volume of 200Mi' },
    ]);
    expect(patches).toEqual([]);
  });

  test('an agent that does not confirm is reported at the timeout', async () => {
    const { options } = bench({ pods: { 'web-1': idle }, agent: () => ({ ...taken(idle) }) }, { timeoutSeconds: 1 });
    expect((await updatePods(options)).pods).toMatchObject([
      { result: 'unconfirmed', agent: 'not after 1s: it has not seen the change yet' },
    ]);
  });

  test('an agent that is too old to be asked is named at once, and has its annotations', async () => {
    const agent = (): never => {
      throw codedError(
        'KUBECTL_FAILED',
        'exec: "/usr/lib/packet-capture/agent": stat /usr/lib/packet-capture/agent: no such file or directory',
      );
    };
    const { options, patches } = bench({ pods: { 'web-1': idle }, agent }, { timeoutSeconds: 5 });
    expect((await updatePods(options)).pods).toMatchObject([
      {
        result: 'unconfirmed',
        agent: expect.stringMatching(/^it cannot confirm this: its agent is older than this program/),
      },
    ]);
    expect(patches).toEqual(['web-1 packet-capture/state=running']);
  });

  describe('a change that the kubelet does not write into the pod', () => {
    /**
     * An agent that sees the annotations as they were at the last `looks` changes of `packet-capture/refresh`, and is
     * idle before.
     */
    const overlooked = (looks: number): Agent => {
      const seen = new Set<string>();
      return (annotations) => {
        const refreshed = annotations['packet-capture/refresh'];
        if (refreshed !== undefined) seen.add(refreshed);
        return taken(seen.size < looks ? idle : { ...annotations, 'packet-capture/refresh': '' });
      };
    };

    test('is requested once more, and arrives', async () => {
      const agent: Agent = (annotations, pod) =>
        pod === 'web-1' ? overlookedOnce(annotations, pod) : taken(annotations);
      const overlookedOnce = overlooked(1);
      const { options, lines, patches } = bench(
        { pods: { 'web-1': idle, 'web-2': idle }, agent },
        { refreshAfterSeconds: 0.5 },
      );
      expect((await updatePods(options)).pods).toMatchObject([
        { result: 'confirmed', agent: 'capturing' },
        { result: 'confirmed' },
      ]);
      expect(lines).toContainEqual(
        expect.stringMatching(
          /^shop\/web-1: the change has not reached its agent after \d s; asking the kubelet again$/,
        ),
      );
      expect(patches.filter((patch) => patch.includes('refresh'))).toEqual([
        expect.stringMatching(/^web-1 packet-capture\/refresh=\d{4}-\d\d-\d\dT/),
      ]);
    });

    test('is requested again also if nothing is changed now, so that a second `start` completes the first', async () => {
      const { options, patches } = bench(
        { pods: { 'web-1': { 'packet-capture/state': 'running' } }, agent: overlooked(1) },
        { refreshAfterSeconds: 0 },
      );
      expect((await updatePods(options)).pods).toMatchObject([{ result: 'confirmed', changes: [] }]);
      expect(patches).toHaveLength(1);
    });

    test('is requested repeatedly, each time with another value, because only that counts as a change', async () => {
      const { options, patches } = bench(
        { pods: { 'web-1': idle }, agent: overlooked(2) },
        { refreshAfterSeconds: 0.4, timeoutSeconds: 10 },
      );
      expect((await updatePods(options)).pods).toMatchObject([{ result: 'confirmed' }]);
      expect(new Set(patches.filter((patch) => patch.includes('refresh'))).size).toBe(2);
    });

    test('does not end the wait when the pod cannot be changed any more', async () => {
      const fails = (pod: string): Error | undefined =>
        pod === 'web-1' ? codedError('KUBECTL_FAILED', 'forbidden') : undefined;
      const { options } = bench(
        { pods: { 'web-1': { 'packet-capture/state': 'running' } }, agent: overlooked(1), fails },
        { refreshAfterSeconds: 0, timeoutSeconds: 1 },
      );
      expect((await updatePods(options)).pods).toMatchObject([
        { result: 'unconfirmed', agent: 'not after 1s: it has not seen the change yet' },
      ]);
    });
  });

  const none = /^no mirror: it has no container packet-capture-mirror\. .*--persist/;
  const mirrored = { settings: { state: 'running', mirror: 'vxlan://collector' } };

  test.each([true, false])(
    'a mirror for which a pod has no container is reported for each pod (waiting: %s)',
    async (wait) => {
      const { options, lines, patches } = bench({ pods: { 'web-1': idle } }, { ...mirrored, wait });
      expect((await updatePods(options)).pods).toMatchObject([
        { result: 'unconfirmed', agent: expect.stringMatching(none) as string },
      ]);
      expect(lines).toContainEqual(expect.stringMatching(/^shop\/web-1: no mirror: /));
      expect(patches).toContain('web-1 packet-capture/mirror=vxlan://collector');
    },
  );

  test('pods that are replaced need not have it', async () => {
    const { options, lines } = bench({ pods: { 'web-1': idle } }, { ...mirrored, replaced: true });
    expect((await updatePods(options)).pods).toMatchObject([{ result: 'confirmed', agent: 'capturing' }]);
    expect(lines).toContainEqual(expect.stringMatching(/^shop\/web-1: no mirror: /));
  });

  test('without waiting nothing is asked', async () => {
    const agent = (): object => expect.unreachable();
    const { options } = bench({ pods: { 'web-1': {} }, agent }, { settings: { state: 'idle' }, wait: false });
    expect((await updatePods(options)).pods).toMatchObject([{ result: 'changed', agent: null }]);
  });
});
