import { dump } from 'js-yaml';
import { inject } from 'vitest';
import { kubectl } from '../../../../scripts/cluster/kubectl.ts';
import { isCodedError } from '../../../../src/errors.ts';
import type { PodTemplate } from '../../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { addSidecar } from '../../../../src/ways/patch/addSidecar.ts';
import { podFixtures, type PodFixture } from '../../pods/index.ts';
import { agentImage, cli, kube } from '../clusterFixture.ts';
import {
  fixtureLabel,
  listOf,
  namespaceObjects,
  placeOf,
  podOf,
  targetOf,
  workloadOf,
  type WayName,
} from './objects.ts';
import type { ApiProxy } from './proxy.ts';
import type { StoredPod } from './stored.ts';
import { until } from './until.ts';

/** As the commands and the releases of these tests have it. */
const localSidecarConfig = { ...defaultSidecarConfig, agent: { ...defaultSidecarConfig.agent, image: agentImage } };

const node = inject('node');

/** What one way came to. */
export interface WayResult {
  /** As the API server stored them, by fixture. */
  readonly pods: ReadonlyMap<string, StoredPod>;
  /** `injected`, or why not, by fixture, as far as the way itself says. */
  readonly said: ReadonlyMap<string, string>;
  /** Warnings and refusals of the API server. */
  readonly stderr: string;
}

/** Creates pods; what the API server warned of or refused. */
async function create(objects: string): Promise<string> {
  return (await kubectl(node, ['create', '-f', '-'], { input: objects })).stderr;
}

async function storedPods(way: WayName): Promise<ReadonlyMap<string, StoredPod>> {
  const { items } = JSON.parse(await kube(['get', 'pods', '-A', '-l', `truth/way=${way}`, '-o', 'json'])) as {
    readonly items: readonly StoredPod[];
  };
  return new Map(items.map((pod) => [pod.metadata?.labels?.[fixtureLabel] ?? '', pod]));
}

/** Pods as they are; the API server's admission may do what it does. */
export async function createPods(way: WayName): Promise<WayResult> {
  const stderr = await create(listOf(podFixtures.map((fixture) => podOf(way, fixture))));
  return { pods: await storedPods(way), said: new Map(), stderr };
}

/**
 * Pods as YAML, through `packet-capture inject`. The Namespace objects in front say their levels; they exist already.
 */
export async function createManifest(): Promise<WayResult> {
  const front = namespaceObjects();
  const documents = [...front, ...podFixtures.map((fixture) => podOf('manifest', fixture))].map((object) =>
    dump(object, { lineWidth: -1 }),
  );
  const injected = await cli(['inject', '-f', '-'], documents.join('---\n'));
  const pods = injected.stdout.split('---\n').slice(front.length).join('---\n');
  const lines = [...injected.stderr.matchAll(/^(injected|skipped) pod\/(\S+) in \S+ \(\S+\)(?:: ([a-z_]+):)?/gm)];
  const names = new Map(podFixtures.map((fixture) => [placeOf('manifest', fixture).name, fixture.name]));
  const said = new Map(lines.map(([, result = '', name = '', reason]) => [names.get(name) ?? name, reason ?? result]));
  const stderr = injected.exitCode === 0 ? await create(pods) : injected.stderr;
  return { pods: await storedPods('manifest'), said, stderr };
}

/**
 * Workloads, through what `packet-capture patch` does; then the pods that their controllers would make of the stored
 * templates.
 */
export async function createPatched(api: ApiProxy): Promise<WayResult> {
  const refused = await create(listOf(podFixtures.map((fixture) => workloadOf('patch', fixture))));
  const said = new Map<string, string>();
  const waiting = [...podFixtures];
  const worker = async (): Promise<void> => {
    for (let fixture = waiting.shift(); fixture !== undefined; fixture = waiting.shift())
      said.set(fixture.name, await patch(api, fixture));
  };
  await Promise.all(Array.from({ length: 6 }, worker));
  const templates = await storedTemplates();
  const pods = podFixtures.map((fixture) => podOf('patch', fixture, templates.get(fixture.name) ?? { spec: null }));
  const stderr = `${refused}${await create(listOf(pods))}`;
  return { pods: await storedPods('patch'), said, stderr };
}

async function patch(api: ApiProxy, fixture: PodFixture): Promise<string> {
  const kubectlHere = api.kubectlIn(placeOf('patch', fixture).namespace);
  const options = {
    target: targetOf('patch', fixture),
    kubectl: kubectlHere,
    dryRun: false,
    wait: false,
    timeoutSeconds: 60,
    report: () => undefined,
  };
  try {
    const { result, reason } = await addSidecar({ ...options, config: localSidecarConfig, settings: {} });
    return reason ?? (result === 'patched' ? 'injected' : result);
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return /\(([a-z_]+)\)$/.exec(error.message)?.[1] ?? error.message;
  }
}

interface StoredWorkload {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly template?: PodTemplate;
    readonly jobTemplate?: { readonly spec: { readonly template: PodTemplate } };
  };
}

async function storedTemplates(): Promise<ReadonlyMap<string, PodTemplate>> {
  const { items } = JSON.parse(
    await kube(['get', 'deployments,cronjobs', '-A', '-l', 'truth/way=patch', '-o', 'json']),
  ) as { readonly items: readonly StoredWorkload[] };
  return new Map(
    items.map(({ metadata, spec }) => [
      metadata.labels[fixtureLabel] ?? '',
      spec.template ?? spec.jobTemplate?.spec.template ?? { spec: null },
    ]),
  );
}

/**
 * The reviews that the injector answered: its reason, by NAMESPACE/NAME of the pod. Once the log has these pods, and no
 * others are added to it: it is written a moment after the answers.
 */
export async function injectorReasons(
  namespace: string,
  pods: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  let last = await reasonsNow(namespace);
  await until('the log is complete', async () => {
    const before = last.size;
    last = await reasonsNow(namespace);
    return last.size === before && pods.every((pod) => last.has(pod));
  });
  return last;
}

async function reasonsNow(namespace: string): Promise<ReadonlyMap<string, string>> {
  const log = await kube(['logs', '-n', namespace, '-l', 'app.kubernetes.io/component=injector', '--tail=-1']);
  const lines = log.split('\n').filter((line) => line.includes('"event":"review"'));
  const reviews = lines.map(
    (line) =>
      JSON.parse(line) as {
        readonly namespace: string;
        readonly name: string;
        readonly reason: string;
        readonly dryRun: boolean;
      },
  );
  return new Map(
    reviews.filter(({ dryRun }) => !dryRun).map(({ namespace: of, name, reason }) => [`${of}/${name}`, reason]),
  );
}

export async function namespaceLabels(): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const { items } = JSON.parse(await kube(['get', 'namespaces', '-o', 'json'])) as {
    readonly items: readonly {
      readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
    }[];
  };
  return new Map(items.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
}

/** What a dry run makes of a fixture: the pod and the warnings, in one text. */
export async function dryRunOf(way: WayName, name: string): Promise<string> {
  const fixture = podFixtures.find((candidate) => candidate.name === name);
  if (fixture === undefined) throw new Error(`no fixture ${name}`);
  const { stdout, stderr } = await kubectl(node, ['create', '--dry-run=server', '-o', 'json', '-f', '-'], {
    input: JSON.stringify(podOf(way, fixture)),
  });
  return `${stdout}${stderr}`;
}
