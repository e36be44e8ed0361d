import { expect, test } from 'vitest';
import { isInjected, probePod } from '../../../../src/ways/webhook/probe.ts';

test('the probe has the labels that the probe webhook selects', () => {
  expect(probePod({ release: 'shop', namespace: 'tools', image: 'i:1' })).toMatchObject({
    kind: 'Pod',
    metadata: {
      namespace: 'tools',
      labels: { 'app.kubernetes.io/instance': 'shop', 'app.kubernetes.io/component': 'probe' },
    },
    spec: { containers: [{ name: 'probe', image: 'i:1' }] },
  });
});

test.each([
  [undefined],
  [null],
  ['pod'],
  [{}],
  [{ metadata: null }],
  [{ metadata: { annotations: {} } }],
  [probePod({ release: 'a', namespace: 'b', image: 'c' })],
])('a pod without the annotation of the probe is not injected: %j', (pod) => {
  expect(isInjected(pod)).toBe(false);
});

test('a pod with the annotation of the probe is injected', () => {
  expect(isInjected({ metadata: { annotations: { 'packet-capture/probe': '0.1.0' } } })).toBe(true);
});
