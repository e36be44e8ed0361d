import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { buildImage, loadImage } from '../../../scripts/cluster/images.ts';
import { clusterEnvironment } from '../../../scripts/cluster/kubectl.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { agentImage, cliImage, localRegistry } from '../../../scripts/images/names.ts';
import { inTemporaryFolder } from '../../../scripts/images/temporaryFolder.ts';
import { ensureCliImage } from '../../../scripts/release/cliImage.ts';
import { until } from '../../support/agent/until.ts';
import { pauseDeployment } from '../../support/cluster/apps.ts';
import { cli, kube, namespaceYaml, podField } from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';

const node = inject('node');
const shop = useNamespace('cli-image');
/** Where Pod Security allows the least. */
const strict = `${shop}-strict`;
const manifest = pauseDeployment('shop', 'web', 1);

beforeAll(async () => {
  await loadImage(node, await ensureCliImage(stderrProgress), stderrProgress);
  await kube(['apply', '-f', '-'], namespaceYaml(strict, 'restricted'));
  await kube(['create', 'configmap', 'app', '-n', strict, `--from-literal=app.yaml=${manifest}`]);
}, 1_800_000);

afterAll(async () => {
  await kube(['delete', 'namespace', strict, '--ignore-not-found', '--wait=false']);
});

interface Step {
  readonly namespace: string;
  readonly name: string;
  readonly args: readonly string[];
  readonly image?: string;
  /** More of the pod's spec. */
  readonly spec?: object;
  /** More of its container. */
  readonly container?: object;
}

/** Runs a step of a pipeline as a pod. @returns what it printed, to both */
async function runStep({ namespace, name, args, image = cliImage, spec, container }: Step): Promise<string> {
  const step = { name: 'step', image, imagePullPolicy: 'Never', args, ...container };
  const pod = { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [step], ...spec };
  await kube(
    ['apply', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec: pod }),
  );
  const ended = async (): Promise<boolean> => /Succeeded|Failed/.test(await podField(namespace, name, '.status.phase'));
  await until(`the pod ${name}`, ended, { milliseconds: 300_000 });
  const log = await kube(['logs', '-n', namespace, name]);
  expect(await podField(namespace, name, '.status.phase'), log).toBe('Succeeded');
  return log;
}

/** What Pod Security `restricted` asks for, and a root that cannot be written to. */
const restricted = {
  spec: {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    volumes: [{ name: 'app', configMap: { name: 'app' } }],
  },
  container: {
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    volumeMounts: [{ name: 'app', mountPath: '/work' }],
  },
};

test('under Pod Security restricted it injects as the checkout does, and knows its commit', async () => {
  const flags = ['--image', 'registry.example/agent:1'];
  const args = ['inject', '-f', 'app.yaml', ...flags];
  const injected = await runStep({ namespace: strict, name: 'inject', args, ...restricted });
  const { stdout } = await cli(['inject', '-f', '-', ...flags], manifest);
  expect(stdout).toContain('name: packet-capture');
  expect(injected).toContain(stdout);
  const command = { ...restricted.container, command: ['id'] };
  const id = await runStep({ namespace: strict, name: 'id', args: [], ...restricted, container: command });
  expect(id).toContain('uid=65532(nonroot) gid=65532(nonroot)');
  const version = await runStep({ namespace: strict, name: 'version', args: ['version', '-o', 'json'], ...restricted });
  const { stdout: commit } = await execa('git', ['rev-parse', 'HEAD']);
  const found = JSON.parse(version) as { readonly commit: string };
  expect(found).toMatchObject({ form: 'executable' });
  expect(found.commit.replace('-changed', '')).toBe(commit);
});

test('with kubectl, as the document adds it, it patches a workload by the rights of its pod', async () => {
  const document = await readFile('docs/distributions.md', 'utf8');
  const [, dockerfile = ''] = /^```dockerfile\n([^]*?)^```/m.exec(document) ?? [];
  expect(dockerfile).toContain('kubectl');
  const image = await inTemporaryFolder(async (folder) => {
    await writeFile(join(folder, 'Dockerfile'), dockerfile.replace('registry.example', localRegistry));
    const { KUBECTL: kubectl = '' } = await clusterEnvironment(node);
    await copyFile(kubectl, join(folder, 'kubectl'));
    return buildImage(folder, `${cliImage}-kubectl`, stderrProgress, { bases: { BASE: cliImage } });
  });
  await loadImage(node, image, stderrProgress);
  await kube(['apply', '-f', '-'], pauseDeployment(shop, 'web', 1));
  await kube(['create', 'serviceaccount', 'pipeline', '-n', shop]);
  const account = `--serviceaccount=${shop}:pipeline`;
  await kube(['create', 'rolebinding', 'pipeline', '-n', shop, '--clusterrole=edit', account]);
  const args = ['patch', 'deployment/web', '-n', shop, '--image', agentImage, '--wait'];
  await runStep({ namespace: shop, name: 'patch', args, image, spec: { serviceAccountName: 'pipeline' } });
  const path = 'jsonpath={.spec.template.spec.initContainers[*].name}';
  expect(await kube(['get', 'deployment', 'web', '-n', shop, '-o', path])).toContain('packet-capture');
});
