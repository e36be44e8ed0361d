import { expect, test } from 'vitest';
import { planInjection, withAddition } from '../../../../src/inject/index.ts';
import { defaultSidecarConfig, localVolumes, makeSidecar } from '../../../../src/sidecar/index.ts';
import { evaluate, inlined } from '../../../support/policy/evaluate.ts';

const key = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';
const spec = { containers: [{ name: 'a' }] };

test.each([[undefined], [''], ['cache'], ['cache, tmp\n'], ['packet-capture-files,packet-capture-no-token']])(
  'the policy lists our volumes in front of %j as every other way does',
  (present) => {
    const annotations = present === undefined ? {} : { [key]: present };
    const plan = planInjection(
      { metadata: { annotations }, spec },
      { config: defaultSidecarConfig, settings: {}, podSecurity: 'privileged' },
    );
    const after = plan.inject
      ? withAddition({ metadata: { annotations }, spec }, plan.addition).metadata?.annotations
      : {};
    const variables = { mirror: false };
    const valueOf = (name: string): unknown =>
      evaluate(inlined(name, ['mirror']), { object: { metadata: { annotations } }, variables });
    expect({ [key]: valueOf('localVolumes'), 'packet-capture/status': valueOf('status') }).toEqual(after);
  },
);

test('the volumes that are listed are those on the disk of the node', () => {
  const { volumes } = makeSidecar({
    config: defaultSidecarConfig,
    profile: 'privileged',
    guaranteed: false,
    podSettings: {},
  });
  expect(volumes.flatMap(({ name, emptyDir }) => (emptyDir === undefined ? [] : [name]))).toEqual(localVolumes);
});
