import type { Container, PodSpec } from '../../kubernetes/api/types.ts';
import { quantityAmount } from '../../quantity.ts';
import {
  formatMebibytes,
  keepBytes,
  ringSum,
  spareBytes,
  volumeBytes,
  type SettingValues,
} from '../../settings/index.ts';
import { attachedSettings, storageName, type AgentSidecarConfig } from '../../sidecar/index.ts';

const mebibyte = 1024 ** 2;
/** The part of the pod's limit that the agent's files may take: what the app uses is not known, so it keeps as much. */
const agentsPart = 1 / 2;

/** The settings of the ring for a pod, or why no ring fits. */
export type FittedRing =
  | { readonly kind: 'fits'; readonly config: AgentSidecarConfig }
  /** The default ring is too large; a smaller one is not. */
  | { readonly kind: 'smaller'; readonly config: AgentSidecarConfig; readonly text: string }
  | { readonly kind: 'none'; readonly text: string };

/**
 * The ring of an agent that is attached to a pod whose containers limit ephemeral-storage. The agent's files lie in the
 * writable layer of its container, which has no limit of its own, but counts for the pod: the kubelet evicts a pod that
 * uses more than the sum of its containers' limits (podEphemeralStorageLimitEviction in pkg/kubelet/eviction). A
 * default ring becomes smaller; one that was asked for is refused. A LimitRange gives its defaults to containers when
 * the pod is created, so they are in the spec. Pure.
 * @param asked the user has named a size
 */
export function fitRing(spec: PodSpec, config: AgentSidecarConfig, asked: boolean): FittedRing {
  const limit = storageLimit(spec);
  const settings = { ...attachedSettings, ...config.settings };
  const room = limit === undefined ? Number.POSITIVE_INFINITY : Math.floor((limit * agentsPart) / mebibyte) * mebibyte;
  if (limit === undefined || volumeBytes(settings) <= room) return { kind: 'fits', config };
  const budget = `the half of the pod's ephemeral-storage limit of ${formatMebibytes(limit)}, which the app shares`;
  const sum = `${ringSum(settings)}, and keep-size ${formatMebibytes(keepBytes(settings))}, are more than ${budget}`;
  const smaller = asked ? undefined : smallerRing(room);
  if (smaller === undefined) return { kind: 'none', text: sum };
  const files = `files of ${smaller['file-size']} x ${smaller['file-count']}, and keep-size ${smaller['keep-size']}`;
  return {
    kind: 'smaller',
    config: { ...config, settings: { ...config.settings, ...smaller } },
    text: `${files}, because ${sum}`,
  };
}

/** The sum of the limits of the containers that run together; if only init containers have one, the largest. */
function storageLimit({ containers, initContainers }: PodSpec): number | undefined {
  const limitsOf = (list: readonly Container[]): number[] =>
    list.flatMap(({ resources }) => {
      const limit = resources?.limits?.[storageName];
      return limit === undefined ? [] : [quantityAmount(String(limit))];
    });
  const first = initContainers ?? [];
  const together = [...(containers ?? []), ...first.filter(({ restartPolicy }) => restartPolicy === 'Always')];
  const limits = limitsOf(together);
  if (limits.length > 0) return limits.reduce((sum, limit) => sum + limit, 0);
  const others = limitsOf(first);
  return others.length === 0 ? undefined : Math.max(...others);
}

/** The largest ring of the default's count of files, or of one file; what is left is for kept files. */
function smallerRing(room: number): SettingValues | undefined {
  const most = { size: 16, keep: 64 };
  const free = (room - spareBytes) / mebibyte - 1;
  for (const count of [4, 1]) {
    const size = Math.min(most.size, Math.floor(free / (count + 1)));
    if (size < 1) continue;
    const keep = Math.min(most.keep, 1 + free - size * (count + 1));
    return { 'file-size': `${size}Mi`, 'file-count': String(count), 'keep-size': `${keep}Mi` };
  }
  return undefined;
}
