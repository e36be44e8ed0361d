import { setTimeout as sleep } from 'node:timers/promises';
import { laterPods, type AttachPodsResult } from '../../captures/attach/index.ts';
import {
  dueOrders,
  ownSettingsReader,
  readAgentStatus,
  setInPod,
  type AgentOrders,
  type CapturedPod,
  type FoundPods,
  type PodTarget,
} from '../../captures/index.ts';
import { isCodedError } from '../../errors.ts';
import { clusterFlagsOf } from '../../kubernetes/clusterFlags.ts';
import { makeKubectl, makeKubectlStart, type Kubectl } from '../../kubernetes/kubectl.ts';
import type { SettingValues } from '../../settings/index.ts';
import type { ConnectionFlags } from '../flags/connectionFlags.ts';
import type { NamesFlag } from '../flags/namesFlag.ts';
import { say } from '../io/output.ts';
import { streamTo, type StreamTaker } from './streamTo.ts';

/** What `attach` has done before, and what to capture in the pods that have an agent now. */
export interface StreamAttachedOptions {
  readonly kubectl: Kubectl;
  readonly target: PodTarget;
  readonly flags: ConnectionFlags & NamesFlag & { readonly force?: boolean };
  readonly attached: AttachPodsResult;
  readonly orders: AgentOrders;
  /** Of the flags. */
  readonly settings: SettingValues;
  readonly most: number;
  readonly file: string;
  readonly interrupted: AbortSignal;
  /** Who takes the packets, instead of the file. */
  readonly taker?: StreamTaker | undefined;
}

/**
 * Streams the packets of pods with an agent; pods that come later get one too, in time. @throws as streamTo
 */
export async function streamAttached(options: StreamAttachedOptions): Promise<void> {
  const { kubectl, target, flags, attached, orders, settings, most, file, interrupted } = options;
  const { duration, filter, interfaces, snaplen } = settings;
  const ownSettings = ownSettingsReader(kubectl, attached.fresh);
  const following = { kubectl, target, attacher: attached.attacher, before: attached.containers, most, report: say };
  const listAgain = laterPods(following);
  const { namespace, names } = flags;
  const cluster = clusterFlagsOf(flags);
  let first: FoundPods | undefined = attached.found;
  const ordered = new Set<string>();
  const telling: Promise<void>[] = [];
  const order = (pods: readonly CapturedPod[]): void => {
    for (const pod of pods.filter(({ uid, ready, attached: ours }) => ours === true && ready && !ordered.has(uid))) {
      ordered.add(pod.uid);
      telling.push(tell(kubectl, pod, orders, attached.fresh.has(pod.uid)));
    }
  };
  await streamTo({
    ...options.taker,
    file,
    force: flags.force === true,
    find: async () => {
      const found = first ?? (await listAgain());
      first = undefined;
      order(found.captured);
      return { ...found, captured: await ownSettings(found.captured) };
    },
    start: makeKubectlStart({ ...cluster, namespace }),
    wanted: {
      ...(filter === undefined ? {} : { filter }),
      ...(interfaces === undefined ? {} : { interfaces }),
      ...(snaplen === undefined ? {} : { snaplen }),
    },
    mostPods: most,
    duration,
    interrupted,
    comment: commentOf(orders),
    names,
    connect: (over) => makeKubectl({ ...cluster, namespace, signal: AbortSignal.any([interrupted, over]) }),
    namespace,
  });
  await Promise.all(telling);
}

/** Who captures, and what for, as in the files of an attached agent; undefined when neither is known. */
function commentOf({ by, reason }: AgentOrders): string | undefined {
  return by === undefined && reason === undefined ? undefined : JSON.stringify({ by, reason });
}

/** Milliseconds. */
const tellAfter = 1000;

/** The stream does not depend on it: what goes wrong is reported. */
async function tell(kubectl: Kubectl, pod: CapturedPod, orders: AgentOrders, fresh: boolean): Promise<void> {
  try {
    // The first packets go first.
    await sleep(tellAfter);
    // An agent that was just started has its time already.
    const asked = fresh ? undefined : await readAgentStatus(kubectl, pod);
    const { leastTtl: _least, ...others } = orders;
    const status = asked !== undefined && 'status' in asked ? asked.status : undefined;
    await setInPod(kubectl, pod, {}, dueOrders(fresh ? others : orders, status, new Date()));
  } catch (error) {
    if (!isCodedError(error)) throw error;
    if (error.code !== 'INTERRUPTED')
      say(`${pod.namespace}/${pod.name}: its files do not say who captures: ${error.message}`);
  }
}
