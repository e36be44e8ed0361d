import type { Kubectl } from '../kubernetes/kubectl.ts';
import { settingAnnotation, type SettingName } from '../settings/index.ts';
import type { AgentStatus } from './agentStatus.ts';
import type { CapturedPod } from './findPods.ts';
import { mapParallel } from './parallel.ts';
import { readAgentStatus } from './readAgentStatus.ts';
import { atOnce } from './readStatus.ts';

/** The pod of an attached agent as if the settings that it was told were annotations. Pure. */
export function withOwnSettings(pod: CapturedPod, { settings = {} }: Pick<AgentStatus, 'settings'> = {}): CapturedPod {
  const given = Object.entries(settings).map(([name, value]) => [settingAnnotation(name as SettingName), value]);
  return { ...pod, annotations: Object.fromEntries(given) as CapturedPod['annotations'] };
}

/**
 * Adds to pods of attached agents the settings that these were told. An agent is asked once: what it is told later does
 * not reach those who have read its settings before.
 * @param fresh uids of pods whose agents were told nothing yet
 */
export function ownSettingsReader(
  kubectl: Kubectl,
  fresh: ReadonlySet<string> = new Set(),
): (pods: readonly CapturedPod[]) => Promise<readonly CapturedPod[]> {
  const known = new Map<string, CapturedPod['annotations']>();
  return async (pods) =>
    mapParallel(pods, atOnce, async (pod) => {
      if (pod.attached !== true || !pod.ready || fresh.has(pod.uid)) return pod;
      const key = `${pod.uid} ${pod.container}`;
      const annotations = known.get(key) ?? (await readOwn(kubectl, pod));
      if (annotations === undefined) return pod;
      known.set(key, annotations);
      return { ...pod, annotations };
    });
}

async function readOwn(kubectl: Kubectl, pod: CapturedPod): Promise<CapturedPod['annotations'] | undefined> {
  const asked = await readAgentStatus(kubectl, pod);
  return 'status' in asked ? withOwnSettings(pod, asked.status).annotations : undefined;
}
