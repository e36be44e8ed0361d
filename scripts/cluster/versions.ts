import { codedError } from '../../src/errors.ts';

/** The Kubernetes of a node unless an older one is asked for; its Go module is go/kubernetes. */
export const newestKubernetes = { minor: 37, patch: 2 } as const;

/**
 * The older versions of Kubernetes 1 that a node can be made of: minor version -> its newest patch version that is
 * served as a Go module. `npm run cluster -- module 1.NN` writes the Go module of a new line here.
 */
export const olderKubernetes: Readonly<Record<number, number>> = {
  29: 6,
  30: 14,
  31: 14,
  33: 13,
  34: 4,
  35: 4,
  36: 3,
};

/** The series of containerd that a node can be made of, the usual one first. */
export const containerdSeries = ['2', '1.7'] as const;

export type ContainerdSeries = (typeof containerdSeries)[number];

/**
 * Reads versions as people write them: `1.34`, and `1.7` or `2`.
 * @throws USAGE for others
 */
export function parseVersions(kubernetes?: string, containerd?: string): Partial<NodeVersions> {
  const minor = kubernetes === undefined ? undefined : Number(/^v?1\.(\d+)$/.exec(kubernetes)?.[1] ?? Number.NaN);
  if (minor !== undefined && !isKnownKubernetes(minor)) {
    throw codedError('USAGE', `there is no node of Kubernetes ${kubernetes ?? ''}`, { hint: knownKubernetes() });
  }
  const series = containerdSeries.find((known) => known === containerd);
  if (containerd !== undefined && series === undefined) {
    const hint = `Known are ${containerdSeries.join(', ')}.`;
    throw codedError('USAGE', `there is no node with containerd ${containerd}`, { hint });
  }
  return {
    ...(minor === undefined ? {} : { kubernetes: minor }),
    ...(series === undefined ? {} : { containerd: series }),
  };
}

/** Whether there can be a node, or a kubectl, of this minor version. */
export function isKnownKubernetes(minor: number): boolean {
  return minor === newestKubernetes.minor || olderKubernetes[minor] !== undefined;
}

/** One sentence: the versions of Kubernetes of which there are nodes. */
export function knownKubernetes(): string {
  const minors = [...Object.keys(olderKubernetes), newestKubernetes.minor];
  return `Known are ${minors.map((minor) => `1.${minor}`).join(', ')}.`;
}

/** What a node is made of: plain data. */
export interface NodeVersions {
  /** The minor version of Kubernetes 1. */
  readonly kubernetes: number;
  readonly containerd: ContainerdSeries;
}

/** What a node is made of unless something else is asked for. */
export const usualVersions: NodeVersions = { kubernetes: newestKubernetes.minor, containerd: containerdSeries[0] };

/** For people: `Kubernetes 1.37, containerd 2`. */
export function formatVersions({ kubernetes, containerd }: NodeVersions): string {
  return `Kubernetes 1.${kubernetes}, containerd ${containerd}`;
}
