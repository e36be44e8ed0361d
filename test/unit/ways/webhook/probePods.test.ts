import { expect, test } from 'vitest';
import { probePods } from '../../../../src/ways/webhook/probe.ts';

type Pod = {
  readonly metadata: { readonly labels: Record<string, string>; readonly annotations?: object };
  readonly spec: { readonly containers: ReadonlyArray<{ readonly resources: object }> };
};
const request = { release: 'capture', namespace: 'tools', image: 'probe' };
const resources = { requests: { cpu: '100m' }, limits: { cpu: '200m' } };

test('the probe has what the namespace requires, and is small first', () => {
  const pods = probePods({
    ...request,
    demands: { labels: { team: 'net', 'app.kubernetes.io/component': 'mine' }, annotations: { a: 'b' }, resources },
  }) as readonly Pod[];
  expect(pods.map(({ spec }) => spec.containers[0]?.resources)).toEqual([
    { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '1m', memory: '1Mi' } },
    resources,
  ]);
  for (const { metadata } of pods) {
    // The webhook selects it by its own labels.
    expect(metadata.labels).toMatchObject({
      team: 'net',
      'app.kubernetes.io/component': 'probe',
      'app.kubernetes.io/instance': 'capture',
    });
    expect(metadata.annotations).toMatchObject({ a: 'b' });
  }
  // The sidecar is injected before the LimitRange is checked, so it has to fit too.
  expect(pods.map(({ metadata }) => metadata.annotations)).toEqual([
    { a: 'b' },
    { a: 'b', 'packet-capture/cpu-request': '100m', 'packet-capture/cpu-limit': '200m' },
  ]);
});

test('the probe has the security contexts of the values in place of its own', () => {
  const podSecurityContext = { runAsNonRoot: true, runAsUser: 2000, seccompProfile: { type: 'RuntimeDefault' } };
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, runAsGroup: 2000 };
  expect(probePods({ ...request, demands: { podSecurityContext, securityContext } })).toMatchObject([
    { spec: { securityContext: podSecurityContext, containers: [{ securityContext }] } },
  ]);
  expect(probePods({ ...request, demands: { podSecurityContext: {}, securityContext: {} } })).toEqual(
    probePods(request),
  );
});

test('there is one probe pod if the values require nothing', () => {
  for (const demands of [undefined, {}, { resources: {} }]) {
    expect(probePods({ ...request, ...(demands === undefined ? {} : { demands }) })).toHaveLength(1);
  }
});
