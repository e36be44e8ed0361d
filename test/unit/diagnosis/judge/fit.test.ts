import { expect, test } from 'vitest';
import { fitOfSidecar } from '../../../../src/diagnosis/judge/fit.ts';
import { judge } from '../../../../src/diagnosis/judge/judge.ts';
import { planInjection, withAddition } from '../../../../src/inject/index.ts';
import type { PodTemplate } from '../../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { asking, pod, stateOf, subject } from '../../../support/diagnosis/builders.ts';

function injected(annotations: Readonly<Record<string, string>>, config = defaultSidecarConfig): PodTemplate {
  const template = pod({ ...asking, ...annotations });
  const plan = planInjection(template, { config, settings: {}, podSecurity: 'privileged' });
  if (!plan.inject) throw new Error(plan.reason);
  return withAddition(template, plan.addition);
}

test('a pod whose files do not fit into its volume captures nothing, and the sum is reported', () => {
  const large = { 'packet-capture/file-size': '10Gi', 'packet-capture/file-count': '100' };
  expect(fitOfSidecar(injected(large))).toEqual([
    {
      met: false,
      what: 'its volume of 10Gi is too small for its files, so it captures nothing: file-size 10Gi x (file-count 100 + 1) + 16Mi = 1010.02Gi',
    },
  ]);
  expect(fitOfSidecar(injected({}))).toEqual([]);
  const later = injected({});
  const grown = (count: string): PodTemplate => ({
    ...later,
    metadata: {
      ...later.metadata,
      annotations: { ...later.metadata?.annotations, 'packet-capture/file-count': count },
    },
  });
  // As the agent has it: 13 files and one to spare fit into 224Mi, 14 do not. Kept files get what is left.
  expect(fitOfSidecar(grown('13'))).toEqual([]);
  expect(fitOfSidecar(grown('14'))).toHaveLength(1);
});

test('an invalid amount is reported, for a pod with the sidecar and for a future one', () => {
  const wrong = { 'packet-capture/cpu-limit': 'a lot' };
  expect(fitOfSidecar(injected(wrong))).toEqual([
    { met: false, what: expect.stringContaining('with default resources') as string },
  ]);
  const found = judge(subject(pod({ ...asking, ...wrong })), [stateOf()]);
  expect(found.reason).toBeUndefined();
  expect(found.conditions.map(({ what }) => what)).toContainEqual(
    expect.stringContaining('it would go with default resources'),
  );
});

test('a setting that is not valid, or not allowed by the release, is reported with its effect', () => {
  const agent = {
    ...defaultSidecarConfig.agent,
    allowedSettings: ['state', 'stream', 'buffer-size'],
    allowedStreams: ['*.obs:57012'],
    maxBufferSize: '128Mi',
  };
  const config = { ...defaultSidecarConfig, agent };
  const asked = {
    'packet-capture/state': 'idle',
    'packet-capture/filter': 'udp',
    'packet-capture/stream': 'evil:1',
    'packet-capture/buffer-size': '256Mi',
    'packet-capture/interfaces': '',
  };
  expect(fitOfSidecar(injected(asked, config)).map(({ what }) => what)).toEqual([
    'its annotation packet-capture/filter "udp" must stay as the release has it: annotations may change state, stream, buffer-size; it has no effect',
    'its annotation packet-capture/buffer-size "256Mi" must be at most 128Mi; nothing is captured',
    'its annotation packet-capture/stream "evil:1" must be a destination that the release allows: *.obs:57012; the capture continues without it',
  ]);
  expect(
    fitOfSidecar(
      injected(
        {
          ...asked,
          'packet-capture/stream': 'c.obs:57012',
          'packet-capture/buffer-size': '128Mi',
          'packet-capture/filter': '',
        },
        config,
      ),
    ),
  ).toEqual([]);
});
