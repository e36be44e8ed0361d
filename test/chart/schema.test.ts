import { describe, expect, test } from 'vitest';
import { helmTemplate } from '../support/chart/helm.ts';

/** The problem, the place in helm's message, and the values. */
const refused: ReadonlyArray<readonly [what: string, where: string, values: object]> = [
  ['an unknown value', 'replicaCount', { replicaCount: 2 }],
  ['an unknown value further down', 'pullPolcy', { image: { pullPolcy: 'Always' } }],
  ['a certs.mode that there is not', '/certs/mode', { certs: { mode: 'selfSigned' } }],
  ['a failurePolicy that there is not', '/webhook/failurePolicy', { webhook: { failurePolicy: 'Deny' } }],
  ['a timeout over 30 s', '/webhook/timeoutSeconds', { webhook: { timeoutSeconds: 31 } }],
  ['a number as a string', '/replicas', { replicas: 'two' }],
  ['a negative number of replicas', '/replicas', { replicas: -1 }],
  ['a port that there is not', '/webhook/port', { webhook: { port: 70_000 } }],
  ['a tag that YAML read as a number', '/image/tag', { image: { tag: 1.1 } }],
  ['a tag within the repository', '/image/repository', { image: { repository: 'mirror/injector:1.0' } }],
  ['a digest that is none', '/image/digest', { image: { digest: 'sha256:abc' } }],
  ['a label key with two slashes', '/injection/namespaceLabel', { injection: { namespaceLabel: 'a/b/c' } }],
  [
    'an annotation key that would end its expression',
    '/injection/annotation',
    { injection: { annotation: 'a"] == "" || true || b["' } },
  ],
  ['a setting that there is not', '/capture', { capture: { filesize: '16Mi' } }],
  ['a mirror to what is no VXLAN', '/capture/mirror', { capture: { mirror: 'gre://collector' } }],
  ['credentials for an upload', '/capture/upload', { capture: { upload: ':s3,secret_access_key=x:bucket' } }],
  ['a stream to no port', '/capture/stream', { capture: { stream: 'collector' } }],
  ['a port that only root can have', '/agent/metricsPort', { agent: { metricsPort: 80 } }],
  ['a duration without a unit', '/capture/rotate', { capture: { rotate: '60' } }],
  ['a duration of nothing', '/capture/rotate', { capture: { rotate: '0s' } }],
  ['a file size below 1Mi', '/capture/file-size', { capture: { 'file-size': '512Ki' } }],
  ['a state that there is not', '/capture/state', { capture: { state: 'paused' } }],
  ['a blank filter', '/capture/filter', { capture: { filter: ' ' } }],
  ['a snaplen that is too large', '/capture/snaplen', { capture: { snaplen: '262145' } }],
  ['an interface by number', '/capture/interfaces', { capture: { interfaces: 'eth0,1' } }],
  ['a target without a namespace', '/targets/0', { targets: [{ deployments: ['web'] }] }],
  [
    'a target with one name instead of a list',
    '/targets/0/deployments',
    { targets: [{ namespace: 'shop', deployments: 'web' }] },
  ],
  [
    'a workload that no object can be called',
    '/targets/0/deployments/0',
    { targets: [{ namespace: 'shop', deployments: ['Web'] }] },
  ],
  ['a certificate that is a list', '/certs/certificate', { certs: { certificate: ['MIIB'] } }],
  [
    'an operator that there is not',
    '/injection/namespaceSelector/matchExpressions/0/operator',
    { injection: { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'Equals' }] } } },
  ],
  ['a label that is no string', '/commonLabels/cost', { commonLabels: { cost: 12 } }],
  ['a grace period within the drain', '/terminationGracePeriodSeconds', { terminationGracePeriodSeconds: 10 }],
  [
    'a condition without an expression',
    '/webhook/matchConditions/0',
    { webhook: { matchConditions: [{ name: 'a' }] } },
  ],
];

describe.each(refused)('%s', (_, where, values) => {
  test.each([3, 4] as const)('is refused by helm %i', async (major) => {
    const { exitCode, stderr } = await helmTemplate(values, { major });
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("values don't meet the specifications of the schema");
    // Helm 3 and 4 format a path differently, but both name its parts.
    for (const part of where.split('/').filter((name) => name !== '' && !/^\d+$/.test(name)))
      expect(stderr).toContain(part);
  });
});

test.each<readonly [string, object]>([
  ['what a parent chart adds', { enabled: true, global: { storageClass: 'fast', imagePullSecrets: [{ name: 'a' }] } }],
  ['numbers where a user writes them', { capture: { 'file-count': 8, snaplen: 96, 'file-size': 2_097_152 } }],
  ['numbers as strings', { capture: { 'file-count': '8', snaplen: '96', 'file-size': '2097152' } }],
  [
    'parts of Kubernetes objects, whatever they are',
    { affinity: { new: { field: [1] } }, resources: { claims: [{ name: 'a' }] }, securityContext: { newField: true } },
  ],
  ['empty settings', { capture: { filter: '', duration: '', 'packet-count': '', state: '', interfaces: '' } }],
])('%s is taken', async (_, values) => {
  const { exitCode, stderr } = await helmTemplate(values);
  expect(exitCode, stderr).toBe(0);
});
