import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { capture } from '../../../scripts/cluster/command.ts';
import { loadImage } from '../../../scripts/cluster/images.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../../scripts/cluster/tools.ts';
import { until } from '../../support/agent/until.ts';
import { agentImage, kube, livingPods, podField } from '../../support/cluster/clusterFixture.ts';
import {
  certificatesOf,
  chart,
  helm,
  leftovers,
  loadReleaseImages,
  runningContainers,
  siteState,
  siteYaml,
} from '../../support/cluster/helmFixture.ts';
import { everyPod, verdict, whilePodsAreCreated } from '../../support/cluster/podCreation.ts';
import { startTraffic, type NumberedTraffic } from '../../support/upgrade/numberedTraffic.ts';
import {
  ensureReleaseBefore,
  missingCommit,
  type NameBefore,
  type ReleaseBefore,
} from '../../support/upgrade/releaseBefore.ts';
import { helmTool, installerTool, type UpgradeTool } from '../../support/upgrade/upgradeTools.ts';

const node = inject('node');
const release = 'packet-capture';
const app = 'app=web';
const releases = new Map<NameBefore, ReleaseBefore>();
const names = ['shell', 'go'] as const;
const missing = (await Promise.all(names.map(missingCommit))).find((reason) => reason !== undefined);
if (missing !== undefined) console.warn(`skipped: ${missing}`);

beforeAll(async () => {
  if (missing !== undefined) return;
  await loadReleaseImages();
  for (const name of names) {
    const before = await ensureReleaseBefore(name, stderrProgress);
    for (const archive of before.archives) await loadImage(node, archive, stderrProgress);
    releases.set(name, before);
  }
}, 900_000);

describe.skipIf(missing !== undefined)('the values of a release from before', () => {
  test.each(names)('%s: this chart takes every one, and every default', async (name) => {
    const values = join(releases.get(name)?.folder ?? '', 'chart', 'values.yaml');
    expect(await helm(4, ['template', release, chart, '-f', values])).toContain('kind: MutatingWebhookConfiguration');
  });

  test.each(names)('%s: its chart names a value that came later', async (name) => {
    const argv = ['template', release, releases.get(name)?.chart ?? '', '--set', 'capture.keep-size=32Mi'];
    const { exitCode, stderr } = await capture([await ensureHelm(4, stderrProgress), ...argv]);
    expect(exitCode, stderr).not.toBe(0);
    expect(stderr).toContain("at '/capture': additional properties 'keep-size' not allowed");
  });
});

/** What may not change in a pod that runs: where it restarts, one of these does. */
async function stateOf(namespace: string, pod: string): Promise<string> {
  const containers = ['containerStatuses', 'initContainerStatuses'].flatMap((list) =>
    ['containerID', 'restartCount'].map((field) => `{.status.${list}[*].${field}}`),
  );
  return kube([
    'get',
    'pod',
    '-n',
    namespace,
    pod,
    '-o',
    `jsonpath={.metadata.uid} {.metadata.annotations} ${containers.join(' ')}`,
  ]);
}

/** Scales the Deployment of a site to one more pod. The name of the new one, which captures. */
async function onePodMore(site: string, before: readonly string[]): Promise<string> {
  await kube(['scale', '-n', site, 'deploy/web', `--replicas=${before.length + 1}`]);
  await kube(['rollout', 'status', '-n', site, 'deploy/web', '--timeout=240s']);
  return until(`new pod in ${site}`, async () => (await livingPods(site, app)).find((name) => !before.includes(name)));
}

const sidecarImage = async (site: string, pod: string): Promise<string> =>
  podField(site, pod, '.spec.initContainers[?(@.name=="packet-capture")].image');

// One after the other: an agent that gets no processor for a second drops packets, and says so.
describe.skipIf(missing !== undefined).each<[NameBefore, string, UpgradeTool]>([
  ['go', 'helm 4', helmTool(4)],
  ['shell', 'helm 3', helmTool(3)],
  ['shell', 'the installer', installerTool],
  ['shell', 'helm 4 with --reuse-values', helmTool(4, true)],
])('a release of before, with the agent in %s, in the hands of %s', (name, hands, tool) => {
  const namespace = `up-${name}-${hands.replaceAll(/\W+/g, '')}`;
  const [site, stream] = [`${namespace}-site`, `${namespace}-pods`];
  const own = {
    injection: { namespaceLabel: `${namespace}/injection` },
    capture: { filter: 'udp port 9999', 'file-size': '2Mi', 'file-count': '30' },
    agent: { allowedSettings: ['state', 'filter'] },
    targets: [{ namespace: site, deployments: ['web'] }],
  };
  const moved = { release, namespace, values: join(node.stateDir, `${namespace}.json`) };
  const traffic: NumberedTraffic[] = [];
  const settingsOf = async (): Promise<unknown> =>
    JSON.parse(await helm(4, ['get', 'values', release, '-n', namespace, '-o', 'json']));

  afterAll(async () => {
    for (const { end } of traffic) end();
    await helm(4, ['uninstall', release, '-n', namespace, '--ignore-not-found']);
    await kube(['delete', 'namespace', namespace, site, stream, '--ignore-not-found', '--wait=false']);
  });

  test('goes to this version and back twice: no pod restarts, is missed, or loses a packet; settings stay', async () => {
    const before = releases.get(name);
    if (before === undefined) throw new Error(`the release ${name} is not packaged`);
    await writeFile(moved.values, JSON.stringify(own));
    const labels = { [own.injection.namespaceLabel]: 'enabled' };
    const metadata = { name: stream, labels };
    await kube(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata }));
    await kube(['apply', '-f', '-'], siteYaml(site));

    await tool.install(before, moved);
    expect(await runningContainers(site)).toEqual(['packet-capture', 'app']);
    const certificates = await certificatesOf(release, namespace);
    const opted = await siteState(site);
    const states = new Map<string, string>();
    const follow = async (pod: string, image: string): Promise<void> => {
      expect(await sidecarImage(site, pod), `the sidecar of ${pod}`).toBe(image);
      traffic.push(await startTraffic(site, pod));
      states.set(pod, await stateOf(site, pod));
    };
    const expectUntouched = async (step: string): Promise<void> => {
      for (const [pod, state] of states) expect(await stateOf(site, pod), `${pod} after ${step}`).toBe(state);
      expect(await certificatesOf(release, namespace), `the certificate after ${step}`).toEqual(certificates);
      expect(await settingsOf(), `the values after ${step}`).toMatchObject(own);
    };
    const [first = ''] = await livingPods(site, app);
    await follow(first, before.agentImage);

    const steps: readonly (readonly [step: string, work: () => Promise<unknown>, image: string])[] = [
      ['the upgrade', () => tool.upgrade(moved), agentImage],
      ['the way back', () => tool.goBack(before, moved), before.agentImage],
      ['the second upgrade', () => tool.upgrade(moved), agentImage],
      ['the second way back', () => tool.goBack(before, moved), before.agentImage],
    ];
    let injected = 0;
    for (const [step, work, image] of steps) {
      const created = await whilePodsAreCreated(stream, async () => {
        await work();
      });
      expect(verdict(created), `pods that were created during ${step}`).toEqual(everyPod);
      injected += created.injected;
      await expectUntouched(step);
      const pod = await onePodMore(site, [...states.keys()]);
      await follow(pod, image);
      expect(await siteState(site), `what the hook has set, after ${step}`).toEqual(opted);
    }
    // The last pod gets its share too.
    await sleep(2000);
    const counts = await Promise.all(traffic.map(async ({ expectAll }) => expectAll()));
    console.log(
      `${name} by ${hands}: ${counts.join(', ')} packets to ${counts.length} pods, none missing; ${injected} pods created, all injected`,
    );
    await expectUntouched('all of it');

    await helm(4, ['uninstall', release, '-n', namespace, '--wait', '--timeout', '4m']);
    expect(await leftovers(release, namespace, [site])).toEqual([]);
  });
});
