import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { until } from '../../agent/until.ts';
import { kube } from '../../cluster/clusterFixture.ts';
import { fluxNamespace } from './controllers.ts';
import { registryAddress } from './registry.ts';

/** The Secret with the public key that {@link ociRepository} verifies by. */
export const keySecret = 'packet-capture-cosign';

/** An OCIRepository of a bundle, or of a Helm chart, whose signature Flux verifies. */
export function ociRepository(name: string, repository: string, tag: string, chart = false): object {
  const layerSelector = { mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', operation: 'copy' };
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'OCIRepository',
    metadata: { name, namespace: fluxNamespace },
    spec: {
      interval: '1h',
      url: `oci://${registryAddress}/${repository}`,
      insecure: true,
      ref: { tag },
      verify: { provider: 'cosign', secretRef: { name: keySecret } },
      ...(chart ? { layerSelector } : {}),
    },
  };
}

/** A Kustomization that applies a folder of a bundle, waits until it works, and prunes. */
export function kustomization(name: string, source: string, path: string, dependsOn: readonly string[] = []): object {
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace: fluxNamespace },
    spec: {
      interval: '1h',
      retryInterval: '5s',
      timeout: '4m',
      sourceRef: { kind: 'OCIRepository', name: source },
      path,
      prune: true,
      wait: true,
      ...(dependsOn.length === 0 ? {} : { dependsOn: dependsOn.map((each) => ({ name: each })) }),
    },
  };
}

interface Status {
  readonly lastHandledReconcileAt?: string;
  readonly lastAppliedRevision?: string;
  readonly artifact?: { readonly revision: string; readonly digest: string };
  readonly inventory?: { readonly entries?: readonly { readonly id: string; readonly v: string }[] };
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
}

export async function statusOf(kind: FluxKind, name: string): Promise<Status> {
  return (
    (JSON.parse(await kube(['get', kind, name, '-n', fluxNamespace, '-o', 'json'])) as { status?: Status }).status ?? {}
  );
}

export type FluxKind = 'ocirepository' | 'kustomization';

/** A condition as `status reason`: `True Succeeded`; empty without it. */
export function conditionOf({ conditions = [] }: Status, type: string): string {
  const found = conditions.find((condition) => condition.type === type);
  return found === undefined ? '' : `${found.status} ${found.reason}`;
}

let requests = 0;

/** Asks Flux for a reconciliation, as `flux reconcile` does, and waits until it has been there. */
export async function reconcile(kind: FluxKind, name: string): Promise<Status> {
  requests += 1;
  const token = `${Date.now()}.${requests}`;
  const annotation = `reconcile.fluxcd.io/requestedAt=${token}`;
  await kube(['annotate', '--overwrite', kind, name, '-n', fluxNamespace, annotation]);
  let status: Status = {};
  await until(
    `reconciliation of ${kind} ${name}`,
    async () => {
      status = await statusOf(kind, name);
      return status.lastHandledReconcileAt === token && !conditionOf(status, 'Ready').startsWith('Unknown');
    },
    { milliseconds: 300_000, instead: () => status.conditions },
  );
  return status;
}

/** Reconciles the source, then waits until the Kustomizations have applied exactly this digest and all of it works. */
export async function rollOut(source: string, digest: string, kustomizations: readonly string[]): Promise<void> {
  const status = await reconcile('ocirepository', source);
  expect(conditionOf(status, 'Ready'), JSON.stringify(status.conditions)).toBe('True Succeeded');
  expect(conditionOf(status, 'SourceVerified')).toBe('True Succeeded');
  expect(status.artifact?.revision).toContain(digest);
  for (const name of kustomizations) {
    let applied: Status = {};
    await until(
      `${name} at ${digest}`,
      async () => {
        applied = await statusOf('kustomization', name);
        return (
          applied.lastAppliedRevision?.includes(digest) === true && conditionOf(applied, 'Ready').startsWith('True')
        );
      },
      { milliseconds: 300_000, instead: () => applied.conditions },
    );
  }
}

/** What the API server says of an object each time that it is written. */
export interface Written {
  readonly uid: string;
  readonly generation: number | undefined;
  readonly resourceVersion: string;
}

/** The objects that Flux keeps: `Kind namespace/name` -> how often they were written. */
export async function inventory(kustomizations: readonly string[]): Promise<ReadonlyMap<string, Written>> {
  const found = new Map<string, Written>();
  for (const name of kustomizations) {
    for (const { id, v } of (await statusOf('kustomization', name)).inventory?.entries ?? []) {
      const [namespace = '', object = '', group = '', kind = ''] = id.split('_');
      const type = group === '' ? kind : `${kind}.${v}.${group}`;
      const place = namespace === '' ? [] : ['-n', namespace];
      const { metadata } = JSON.parse(await kube(['get', type, object, ...place, '-o', 'json'])) as {
        readonly metadata: Written;
      };
      const { uid, generation, resourceVersion } = metadata;
      found.set(`${kind} ${namespace}/${object}`, { uid, generation, resourceVersion });
    }
  }
  return found;
}

/** The same, once nothing has been written for two seconds: controllers write the status of objects, a moment later. */
export async function settledInventory(kustomizations: readonly string[]): Promise<ReadonlyMap<string, Written>> {
  let last = await inventory(kustomizations);
  await until('inventory that stays', async () => {
    await sleep(2000);
    const before = last;
    last = await inventory(kustomizations);
    return isDeepStrictEqual(before, last);
  });
  return last;
}

/** The objects that were changed, made or removed between two inventories; a status alone is no change. */
export function changedBetween(before: ReadonlyMap<string, Written>, after: ReadonlyMap<string, Written>): string[] {
  const all = new Set([...before.keys(), ...after.keys()]);
  const state = (from: ReadonlyMap<string, Written>, id: string): string => {
    const { uid, generation, resourceVersion } = from.get(id) ?? {};
    // Kinds without a generation have no status.
    return `${uid} ${generation ?? resourceVersion}`;
  };
  return [...all].filter((id) => state(before, id) !== state(after, id)).toSorted();
}

/**
 * What kustomize-controller did with each object, in the part of its log that begins at `from`: `unchanged`,
 * `configured`, `created`, `deleted`.
 */
export function actionsIn(log: string, from = 0): string[] {
  return log
    .slice(from)
    .split('\n')
    .filter((line) => line.includes('"server-side apply'))
    .flatMap((line) => Object.values((JSON.parse(line) as { readonly output?: Record<string, string> }).output ?? {}));
}
