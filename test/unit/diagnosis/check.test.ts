import { beforeAll, expect, test } from 'vitest';
import { issueMaterial, servingNames, type CertificateMaterial } from '../../../src/certificates/index.ts';
import { findingKinds } from '../../../src/diagnosis/judge/checkFindings.ts';
import { judgeCluster, type CheckResult, type ClusterFacts } from '../../../src/diagnosis/judge/judgeCluster.ts';
import type { ReleaseState } from '../../../src/diagnosis/read/releaseState.ts';
import { formatCheck } from '../../../src/diagnosis/report/format.ts';
import { restartTargets } from '../../../src/diagnosis/restart.ts';
import { asking, deployment, namespace, pod, release, stateOf } from '../../support/diagnosis/builders.ts';

const now = new Date('2026-11-23T00:00:00Z');
let material: CertificateMaterial;
let foreign: CertificateMaterial;

beforeAll(async () => {
  const dnsNames = servingNames('capture', 'system');
  [material, foreign] = await Promise.all([issueMaterial({ dnsNames, now }), issueMaterial({ dnsNames, now })]);
});

function audit(facts: Partial<ClusterFacts>, states: readonly ReleaseState[] = []): CheckResult {
  const registrations = { releases: states.map((state) => state.release), policyApi: true };
  return judgeCluster({
    registrations,
    inventory: { namespaces: [], pods: [], workloads: [] },
    compatibility: [],
    states,
    trial: { tried: [], leftOut: [] },
    namespace: undefined,
    now,
    ...facts,
  });
}

const codes = ({ findings }: CheckResult): string[] => findings.map(({ code }) => code);
const running = (certificate = material.certificate): ReleaseState =>
  stateOf(
    { ...release(), caBundle: material.caBundle },
    {
      injector: {
        service: { value: true },
        replicas: { value: { ready: 2, desired: 2 } },
        certificate: { value: certificate },
      },
    },
  );

test('a release that works: every finding is ok, and its certificate is counted', () => {
  const result = audit({}, [running()]);
  expect(result.ok).toBe(true);
  expect(codes(result)).toEqual([
    'release_found',
    'injector_ready',
    'certificate_good',
    'probe_injected',
    'pods_injected',
  ]);
  expect(result.releases).toMatchObject([
    {
      way: 'webhook',
      release: 'capture',
      replicas: { ready: 2, desired: 2 },
      certificate: { daysLeft: 730 },
      injects: true,
    },
  ]);
  expect(formatCheck(result).at(-1)).toBe('no problems found');
});

const injector = (rest: object): ReleaseState => {
  const state = running();
  return state.injector === undefined ? state : { ...state, injector: { ...state.injector, ...rest } };
};

const broken: readonly (readonly [string, () => ReleaseState, string])[] = [
  ['no injector ready', () => injector({ replicas: { value: { ready: 0, desired: 2 } } }), 'injector_down'],
  ['one injector of two', () => injector({ replicas: { value: { ready: 1, desired: 2 } } }), 'injector_partly'],
  ['no Deployment', () => injector({ replicas: { absent: true } }), 'injector_down'],
  ['a Deployment that may not be read', () => injector({ replicas: { forbidden: true } }), 'injector_unknown'],
  ['no Service', () => injector({ service: { absent: true } }), 'service_missing'],
  ['no Secret', () => injector({ certificate: { absent: true } }), 'certificate_missing'],
  ['a Secret that may not be read', () => injector({ certificate: { forbidden: true } }), 'certificate_unknown'],
  ['a certificate of another CA', () => running(foreign.certificate), 'ca_mismatch'],
  ['no caBundle', () => ({ ...running(), release: release() }), 'ca_mismatch'],
  [
    'no certificate at all',
    () => running('-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n'),
    'certificate_unusable',
  ],
  ['another version', () => ({ ...running(), release: { ...running().release, version: '0.0.9' } }), 'release_version'],
  ['a configuration that is none', () => ({ ...running(), configProblem: 'line 3 is no YAML' }), 'config_invalid'],
  [
    'Fail with one injector',
    () => ({
      ...injector({ replicas: { value: { ready: 1, desired: 1 } } }),
      release: { ...running().release, failurePolicy: 'Fail' },
    }),
    'failure_policy',
  ],
  ['a probe that comes back bare', () => ({ ...running(), probed: { injected: false } }), 'probe_failed'],
  ['a probe that may not be made', () => ({ ...running(), probed: { unknown: 'forbidden' } }), 'probe_unknown'],
];

test.each(broken)('%s', (_name, state, code) => {
  const result = audit({}, [state()]);
  const found = result.findings.find((finding) => finding.code === code);
  expect(found, codes(result).join()).toBeDefined();
  expect(result.ok).toBe(found?.level !== 'error');
});

test('a certificate that expires soon warns, an expired one is an error', () => {
  const days = (count: number): Date => new Date(now.getTime() + count * 86_400_000);
  expect(codes(audit({ now: days(710) }, [running()]))).toContain('certificate_expires');
  expect(audit({ now: days(710) }, [running()]).ok).toBe(true);
  expect(codes(audit({ now: days(740) }, [running()]))).toContain('certificate_unusable');
  expect(audit({ now: days(740) }, [running()]).ok).toBe(false);
});

test('missed pods are reported with their workload, and each workload is restarted once', () => {
  const owner = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true }];
  const owned = (name: string): ReturnType<typeof pod> => ({
    ...pod(),
    metadata: { ...pod().metadata, name, ownerReferences: owner },
  });
  const pods = [owned('web-1'), owned('web-2'), { ...pod(), metadata: { ...pod().metadata, name: 'bare' } }];
  const result = audit(
    {
      inventory: {
        namespaces: [namespace({ 'packet-capture/injection': 'enabled' })],
        pods,
        workloads: [deployment(asking)],
      },
    },
    [running()],
  );
  expect(
    result.missed.map(({ namespace: where, pod: name, owner: by, reason, restart }) => [
      where,
      name,
      by,
      reason,
      restart,
    ]),
  ).toEqual([
    ['shop', 'web-1', 'deployment/web', 'missed_at_creation', 'deployment/web'],
    ['shop', 'web-2', 'deployment/web', 'missed_at_creation', 'deployment/web'],
    ['shop', 'bare', null, 'missed_at_creation', null],
  ]);
  expect(result.ok).toBe(false);
  expect(restartTargets(result.missed)).toEqual([{ namespace: 'shop', owner: 'deployment/web', pods: 2 }]);
  const ended = pods.map((one) => ({ ...one, status: { phase: 'Succeeded' } }));
  expect(audit({ inventory: { namespaces: [namespace({})], pods: ended, workloads: [] } }, [running()]).missed).toEqual(
    [],
  );
});

test('annotations and labels in places that nothing reads are reported', () => {
  const inventory = {
    namespaces: [
      namespace({ 'packet-capture/injection': 'yes' }),
      namespace({}, { 'packet-capture/injection': 'enabled' }),
    ],
    pods: [],
    workloads: [
      deployment({}, { ...asking, 'packet-capture/filter': 'port 80' }),
      deployment({ 'packet-capture/inject': 'yes' }),
      deployment(asking, asking),
    ],
  };
  const result = audit({ inventory }, [running()]);
  expect(codes(result).filter((code) => findingKinds[code as keyof typeof findingKinds].level === 'error')).toEqual([
    'namespace_label_value',
    'namespace_annotation',
    'annotation_on_workload',
    'annotation_value',
  ]);
  expect(result.findings.find(({ code }) => code === 'annotation_on_workload')?.what).toContain(
    'packet-capture/inject, packet-capture/filter',
  );
});

test('a namespace where nothing can be injected, and one that two releases select, are reported', () => {
  const labels = { 'packet-capture/injection': 'enabled' };
  const inventory = {
    pods: [],
    workloads: [],
    namespaces: [namespace({ ...labels, 'pod-security.kubernetes.io/enforce': 'restricted' })],
  };
  expect(codes(audit({ inventory }, [running()]))).toContain('namespace_restricted');
  const twice = audit({ inventory: { ...inventory, namespaces: [namespace(labels)] } }, [
    running(),
    { ...running(), release: { ...running().release, name: 'second' } },
  ]);
  expect(codes(twice)).toContain('releases_overlap');
});

test('without a release there is no error, unless a pod asks for injection', () => {
  expect(codes(audit({}))).toEqual(['release_none', 'pods_injected']);
  const asked = audit({
    inventory: { pods: [pod()], workloads: [], namespaces: [namespace({ 'packet-capture/injection': 'enabled' })] },
  });
  expect(codes(asked)).toEqual(['release_missing', 'pods_injected', 'pods_missed']);
  expect(asked.missed[0]).toMatchObject({ reason: 'no_release', hint: 'packet-capture install' });
});

test('parts that may not be read are reported, and nothing is guessed', () => {
  const nothing = { namespaces: undefined, pods: undefined, workloads: undefined };
  const result = audit({ inventory: nothing, registrations: { releases: undefined, policyApi: true } });
  expect(codes(result)).toEqual(['releases_unreadable', 'pods_unreadable', 'pods_injected']);
  expect(result.ok).toBe(true);
});

test('a sidecar with another version or image than the release injects, and one that is not native any more, are reported', () => {
  const status = JSON.stringify({ version: '0.0.9', containers: ['packet-capture'], volumes: [] });
  const carrying = (restartPolicy?: string): ReturnType<typeof pod> =>
    pod(
      { ...asking, 'packet-capture/status': status },
      {
        initContainers: [
          { name: 'packet-capture', image: 'old', ...(restartPolicy === undefined ? {} : { restartPolicy }) },
        ],
      },
    );
  const namespaces = [namespace({ 'packet-capture/injection': 'enabled' })];
  const result = audit({ inventory: { namespaces, workloads: [], pods: [carrying('Always')] } }, [running()]);
  expect(result.findings.find(({ code }) => code === 'sidecar_drift')?.what).toBe(
    '1 pod: version 0.0.9, the release injects 0.1.0; image old, the release injects registry.invalid/packet-capture/agent:0.1.0',
  );
  expect(result).toMatchObject({ ok: true, missed: [] });
  expect(codes(audit({ inventory: { namespaces, workloads: [], pods: [carrying()] } }, [running()]))).toContain(
    'restart_policy_lost',
  );
});
