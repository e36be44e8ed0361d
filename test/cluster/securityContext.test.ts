import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { kubectl } from '../../scripts/cluster/kubectl.ts';
import { appPod } from '../support/cluster/apps.ts';
import { agentEvent, agentImage, cli, kube, podField } from '../support/cluster/clusterFixture.ts';
import { useNamespace } from '../support/cluster/namespace.ts';

const node = inject('node');
const namespace = useNamespace('scc');
const policy = `scc-${Date.now().toString(36)}`;
const range = { from: 1_000_680_000, to: 1_000_690_000 };
let folder = '';
let leftOut = '';

/** What a security context constraint that adds NET_RAW demands: MustRunAsRange, and no other capability. */
const standIn = [
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: policy },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        objectSelector: { matchLabels: { scc: 'checked' } },
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      variables: [{ name: 'all', expression: 'object.spec.containers + object.spec.?initContainers.orValue([])' }],
      validations: [
        {
          expression: `variables.all.all(c, !has(c.securityContext) || !has(c.securityContext.runAsUser) || (c.securityContext.runAsUser >= ${range.from} && c.securityContext.runAsUser < ${range.to}))`,
          message: 'runAsUser: must be in the range of the namespace',
        },
        {
          expression:
            "variables.all.all(c, !has(c.securityContext) || !has(c.securityContext.capabilities) || !has(c.securityContext.capabilities.add) || c.securityContext.capabilities.add.all(a, a == 'NET_RAW'))",
          message: 'capabilities.add: invalid value',
        },
      ],
    },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: policy },
    spec: { policyName: policy, validationActions: ['Deny'] },
  },
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-scc-'));
  leftOut = join(folder, 'sidecarconfig.yaml');
  await writeFile(leftOut, `agent: {image: '${agentImage}', securityContext: {runAsUser: null, runAsGroup: null}}\n`);
  await kube(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: standIn }));
});
afterAll(async () => {
  await kube([
    'delete',
    'validatingadmissionpolicy,validatingadmissionpolicybinding',
    policy,
    '--ignore-not-found',
    '--wait=false',
  ]);
  await rm(folder, { recursive: true, force: true });
});

/** A pod with the sidecar, as the API server would take it or not. */
async function dryRun(...flags: readonly string[]): Promise<string> {
  const pod = appPod(namespace, 'checked', { graceSeconds: 1 }).replace(
    'metadata:\n',
    'metadata:\n  labels: {scc: checked}\n',
  );
  const { stdout } = await cli(['inject', '-f', '-', ...flags], pod);
  const answer = await kubectl(node, ['create', '--dry-run=server', '-o', 'name', '-f', '-'], { input: stdout });
  return `${answer.stdout}${answer.stderr}`;
}

test('in a namespace with a range of user IDs, the default sidecar is refused, and one without a user is accepted', async () => {
  await expect
    .poll(async () => dryRun('--image', agentImage), { interval: 500 })
    .toContain('runAsUser: must be in the range of the namespace');
  expect(await dryRun('--sidecar-config', leftOut)).toContain('pod/checked');
});

test.each([
  ['image', 'of its image', '', '60947'],
  ['root', 'of its own when the pod runs as root', '  securityContext: {runAsUser: 0}\n', '60947'],
  [
    'range',
    'of the pod, which an SCC gives it',
    `  securityContext: {runAsUser: ${range.from}, fsGroup: ${range.from}}\n`,
    String(range.from),
  ],
])('%s: a sidecar without a user starts as that %s', async (name, _, spec, uid) => {
  const pod = appPod(namespace, name, { graceSeconds: 1, spec });
  const { stdout } = await cli(
    ['inject', '-f', '-', '--sidecar-config', leftOut],
    name === 'range' ? pod.replace('      image:', '      securityContext: {runAsUser: 0}\n      image:') : pod,
  );
  await kube(['apply', '-f', '-'], stdout);
  await kube(['wait', '-n', namespace, `pod/${name}`, '--for=condition=Ready', '--timeout=240s']);
  await agentEvent(namespace, name, 'started');
  expect(await podField(namespace, name, '.status.initContainerStatuses[0].user.linux.uid')).toBe(uid);
});
