import { isDeepStrictEqual } from 'node:util';
import type { PodFixture } from '../../pods/index.ts';
import { placeOf, type WayName } from './objects.ts';
import { unmetConditions, unmetKey, type Admission } from './observers.ts';
import type { WayResult } from './run.ts';
import { comparable, type StoredPod } from './stored.ts';

/** What became of every fixture, by way. */
export interface Evidence {
  readonly results: ReadonlyMap<WayName, WayResult>;
  /** What the releases registered with the API server. */
  readonly admissions: ReadonlyMap<WayName, Admission>;
  /** What the injector said, by NAMESPACE/NAME. */
  readonly reviews: ReadonlyMap<string, string>;
  /** Labels of each namespace. */
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

export function storedPod({ results }: Evidence, way: WayName, { name }: PodFixture): StoredPod {
  const pod = results.get(way)?.pods.get(name);
  if (pod === undefined) throw new Error(`${way} stored no pod ${name}`);
  return pod;
}

/** `injected`, or the reason why not; of a webhook and a policy as the API server and the injector say. */
export function outcomeOf(evidence: Evidence, way: WayName, fixture: PodFixture): string {
  const changed = !isDeepStrictEqual(
    comparable(storedPod(evidence, way, fixture)),
    comparable(storedPod(evidence, 'none', fixture)),
  );
  const said =
    way === 'webhook' || way === 'policy'
      ? admissionReason(evidence, way, fixture, changed)
      : evidence.results.get(way)?.said.get(fixture.name);
  if (changed !== (said === 'injected')) return `${changed ? 'changed' : 'as it was'}, yet said to be ${said}`;
  return said ?? 'nothing was said';
}

/** The namespace keeps it from being looked at, then a condition, then the injector. */
function admissionReason(evidence: Evidence, way: WayName, fixture: PodFixture, changed: boolean): string | undefined {
  const { namespace, name } = placeOf(way, fixture);
  const pod = `${namespace}/${name}`;
  const selectors = evidence.admissions.get(way)?.selectors ?? [];
  const key = unmetKey(evidence.namespaces.get(namespace) ?? {}, selectors);
  if (key !== undefined) return namespaceReasons[key] ?? key;
  if (way === 'webhook' && evidence.reviews.has(pod)) return injectorReason(evidence.reviews.get(pod));
  // The observer looks at what the policy has made.
  return way === 'policy' && changed ? 'injected' : conditionReason(evidence, way, pod);
}

function injectorReason(review: string | undefined): string | undefined {
  return review === 'opted_in' || review === 'not_opted_out' ? 'injected' : review;
}

function conditionReason({ admissions, results }: Evidence, way: WayName, pod: string): string | undefined {
  const unmet = unmetConditions(admissions.get(way)?.name ?? '', results.get(way)?.stderr ?? '');
  const [condition] = unmet.get(pod) ?? [];
  if (condition === undefined) return undefined;
  return webhookConditions[condition] ?? condition.replace('packet-capture.internal/', '').replaceAll('-', '_');
}

const namespaceReasons: Readonly<Record<string, string>> = {
  'kubernetes.io/metadata.name': 'system_namespace',
  'pod-security.kubernetes.io/enforce': 'pod_security_restricted',
};

const webhookConditions: Readonly<Record<string, string>> = {
  'packet-capture/not-opted-out': 'opted_out',
  'packet-capture/not-mirror': 'mirror_pod',
  'packet-capture/not-host-network': 'host_network',
};
