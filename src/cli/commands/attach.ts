import type { Command } from 'commander';
import {
  endedWhenTold,
  nothingAttached,
  withAttachedAgain,
  type AttachPodsResult,
} from '../../captures/attach/index.ts';
import { updatePods, type AgentOrders, type UpdatedPod, type UpdatePodsOptions } from '../../captures/index.ts';
import { codedError } from '../../errors.ts';
import { clusterFlagsOf } from '../../kubernetes/clusterFlags.ts';
import { makeKubectl } from '../../kubernetes/kubectl.ts';
import { volumeSettings, type SettingValues } from '../../settings/index.ts';
import { attachedSettings, type AgentSidecarConfig } from '../../sidecar/index.ts';
import { addAttachFlags, checkAttachFlags, defaultTtl, type AttachFlags } from '../flags/attachFlags.ts';
import { durationOfFlag } from '../flags/flagValues.ts';
import { somePodsOf } from '../flags/podFlags.ts';
import { settingsOfFlags } from '../flags/settingFlags.ts';
import { imageProblem, refuseByPlatform, refuseLargeRing, sidecarOfFlags } from '../flags/sidecarFlags.ts';
import { mostPodsOf } from '../flags/streamFlags.ts';
import { interruption } from '../io/interruption.ts';
import { say } from '../io/output.ts';
import { openStreamOutput } from '../io/streamOutput.ts';
import { attachAgents } from '../shared/attachAgents.ts';
import { nextText } from '../shared/attachNext.ts';
import { concludeAttach, type AttachOutcome } from '../shared/attachReport.ts';
import { streamAttached } from '../shared/streamAttached.ts';
import type { StreamTaker } from '../shared/streamTo.ts';
import { notCaptured } from '../shared/withoutSidecar.ts';

/** `attach POD|TYPE/NAME|-l SELECTOR`: way 5, an agent in pods that run. */
export function addAttach(program: Command): void {
  const command = program
    .command('attach')
    .description(
      'capture in pods that run and do not have the sidecar: adds an ephemeral container to each of them; no restart',
    )
    .argument('[POD|TYPE/NAME]', "a pod's name, or a workload or Service as kubectl takes it: deploy/web");
  addAttachFlags(command)
    .addHelpText(
      'after',
      `
Into Wireshark: packet-capture attach web-1 -o - | wireshark -k -i -
The container ends by itself (--ttl). Its entry in the pod's spec stays until the pod is replaced: Kubernetes has no way
to remove it. A pod has one such container, which later calls find; a pod with the sidecar gets none.
Only the agent can tell whether a filter compiles. So its container is already there when it refuses one: correct the
filter and attach again. Until then the container captures nothing.
A pod that has less than 16Mi left of its memory limit gets none, because the kernel could kill the app.
Exit codes: 0 done, 1 a pod has no agent that runs, or does not capture, 2 wrong usage.`,
    )
    .action(async (name: string | undefined, flags: AttachFlags) => {
      await runAttach(name, flags);
    });
}

/**
 * `attach`: packets to the output of -o, or into files in the pods; reports to standard error.
 * @param taker who takes the packets, instead of the file that a flag names
 */
export async function runAttach(name: string | undefined, flags: AttachFlags, taker?: StreamTaker): Promise<void> {
  const { namespace, output, reason, dryRun = false } = flags;
  checkAttachFlags(flags);
  const target = somePodsOf(name, flags);
  const settings = settingsOfFlags(flags);
  const config = await configOf(flags, settings);
  // What is attached stays in the pods, so an output that cannot be used is refused before.
  if (output !== undefined && !dryRun && taker === undefined) await openStreamOutput(output, flags.force === true);
  const most = mostPodsOf(flags);
  const timeoutSeconds = durationOfFlag(flags.timeout, '--timeout', { example: '60s' });
  const signal = interruption();
  const kubectl = makeKubectl({ ...clusterFlagsOf(flags), namespace, signal });
  const { ttl = defaultTtl, podSecurity, ignoreMemory } = flags;
  const common = { kubectl, target, timeoutSeconds, signal };
  const part = output === undefined ? ({ until: 'all' } as const) : ({ until: 'first', most } as const);
  const ringAsked = volumeSettings.some((setting) => (settings[setting] ?? '') !== '');
  const how = { ...common, ...part, config, ringAsked, ttl, podSecurity, dryRun, ignoreMemory, reason };
  /** Once more, for containers that have ended meanwhile: their pods get the next one. */
  const again = async (before: AttachPodsResult, ended: ReadonlyMap<string, string>): Promise<AttachPodsResult> =>
    ended.size === 0 ? before : withAttachedAgain(before, await attachAgents({ ...how, ended }));
  const found = await attachAgents(how);
  let attached = await again(found, found.endedMeanwhile);
  if (attached.pods.length === 0) throw notCaptured(attached.found);
  const conclude = (outcome: AttachOutcome): void =>
    concludeAttach(attached, outcome, { ttl, json: flags.json === true, next: nextText(name, flags) });
  const nothing = nothingAttached(attached.pods, attached.found.where);
  if (nothing !== undefined || dryRun) {
    conclude({ error: nothing });
    return;
  }
  const orders = ordersOf(flags, attached.by);
  if (output === undefined) {
    let updates = await captureInPods({ ...common, attached, settings, orders });
    const ended = endedWhenTold(attached, updates);
    attached = await again(attached, ended);
    if (ended.size > 0) updates = await captureInPods({ ...common, attached, settings, orders });
    conclude({ updates, unnoted: await attached.noted });
  } else {
    await streamAttached({
      kubectl,
      target,
      flags,
      attached,
      orders,
      settings,
      most,
      file: output,
      interrupted: signal,
      taker,
    });
    conclude({ unnoted: await attached.noted });
  }
}

function ordersOf({ ttl, reason }: AttachFlags, by: string | undefined): AgentOrders {
  return {
    ...(ttl === undefined ? { leastTtl: defaultTtl } : { ttl }),
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
  };
}

interface CaptureOptions extends Pick<UpdatePodsOptions, 'kubectl' | 'target' | 'timeoutSeconds' | 'signal'> {
  readonly attached: AttachPodsResult;
  readonly settings: SettingValues;
  readonly orders: AgentOrders;
}

/** Captures into files, in the pods whose agents run. */
async function captureInPods({ attached, settings, ...options }: CaptureOptions): Promise<readonly UpdatedPod[]> {
  const { found, containers } = attached;
  const captured = found.captured.filter((pod) => pod.ready && containers.get(pod.uid) != null);
  const wanted = { state: 'running', ...settings };
  const how = { dryRun: false, wait: true, report: say };
  return (await updatePods({ ...options, ...how, found: { ...found, captured }, settings: wanted })).pods;
}

/** @throws USAGE, IMAGE_NOT_NAMED, SETTING_INVALID and as sidecarOfFlags */
async function configOf(flags: AttachFlags, settings: SettingValues): Promise<AgentSidecarConfig> {
  const config = await sidecarOfFlags(flags);
  if (config.form === 'custom')
    throw codedError('USAGE', 'a custom sidecar cannot be attached', { where: '--sidecar-config' });
  const ring = Object.fromEntries(
    volumeSettings.flatMap((name) => {
      const value = settings[name] ?? '';
      return value === '' ? [] : [[name, value]];
    }),
  );
  refuseLargeRing(config, { ...attachedSettings, ...ring });
  refuseByPlatform(config, settings);
  const problem = imageProblem(config);
  if (problem !== undefined) throw problem;
  return { ...config, settings: { ...config.settings, ...ring } };
}
