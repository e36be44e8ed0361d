import { expect, test } from 'vitest';
import { probe } from '../../../../src/diagnosis/read/askForProbe.ts';
import { codedError } from '../../../../src/errors.ts';
import type { Kubectl } from '../../../../src/kubernetes/kubectl.ts';
import { release } from '../../../support/diagnosis/builders.ts';

const podSecurityContext = { runAsNonRoot: true, runAsUser: 2000 };
const securityContext = { allowPrivilegeEscalation: false, runAsGroup: 2000 };
const resources = { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '200m', memory: '256Mi' } };
const labels = { team: 'net', 'app.kubernetes.io/component': 'injector', 'app.kubernetes.io/instance': 'capture' };
const injector = {
  metadata: { labels, annotations: { 'example.com/owner': 'net' } },
  spec: {
    securityContext: podSecurityContext,
    containers: [{ name: 'injector', image: 'i', resources, securityContext }],
  },
};

interface AskedPod {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly securityContext: object;
    readonly containers: readonly [{ readonly resources: object; readonly securityContext: object }];
  };
}

/** A namespace that takes only pods like the injector's: a policy for labels, a LimitRange with a minimum. */
function strictNamespace(asked: AskedPod[]): Kubectl {
  return async (args, { input = '' } = {}) => {
    const pod = JSON.parse(input) as AskedPod;
    asked.push(pod);
    const [container] = pod.spec.containers;
    if (pod.metadata.labels['team'] !== 'net' || JSON.stringify(container.resources) !== JSON.stringify(resources)) {
      throw codedError(
        'KUBECTL_FAILED',
        'pods "packet-capture-probe-" is forbidden: minimum cpu usage per Container is 100m',
        { where: `kubectl ${args.join(' ')}` },
      );
    }
    return {
      stdout: JSON.stringify({
        ...pod,
        metadata: { ...pod.metadata, annotations: { 'packet-capture/probe': '0.1.0' } },
      }),
      stderr: '',
    };
  };
}

test('the probe of a release has the fields that its namespace demands, as the injector has them', async () => {
  const asked: AskedPod[] = [];
  expect(await probe(strictNamespace(asked), release(), injector)).toEqual({ injected: true });
  // Little first, as it fits a quota; then what fits a LimitRange.
  expect(asked).toHaveLength(2);
  expect(asked[1]).toMatchObject({
    metadata: {
      labels: { team: 'net', 'app.kubernetes.io/component': 'probe' },
      annotations: { 'example.com/owner': 'net' },
    },
    spec: { securityContext: podSecurityContext, containers: [{ resources, securityContext }] },
  });
});

test('the message of a refusal is reported when no size helps', async () => {
  expect(await probe(strictNamespace([]), release(), undefined)).toEqual({
    unknown: expect.stringContaining('minimum cpu usage per Container is 100m'),
  });
});
