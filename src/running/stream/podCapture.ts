import { readFile } from 'node:fs/promises';
import type { KubectlEnd } from '../../cluster/index.ts';
import { codedError, type CodedError } from '../../errors.ts';
import type { Labeller } from '../../pcapng/index.ts';
import { findSetting, settingAnnotation, settingProblem, type SettingName, type SettingValues } from '../../settings/index.ts';
import { plainText } from '../../plainText.ts';
import type { CapturedPod } from '../pods.ts';

/** What to capture in one pod, as the script takes it. */
export interface PodCapture {
  readonly interfaces: string;
  readonly snaplen: string;
  readonly filter: string;
  /** The agent opens connections of its own there, which are left out. */
  readonly hasOwnTraffic: boolean;
}

/** Exit codes of capture.sh. */
export const filterRefused = 65;
export const interfaceRefused = 66;

const script = new URL('capture.sh', import.meta.url);

/**
 * What a pod's stream captures: what is wanted for all, and else the pod's own settings, so that a stream shows no more
 * than whoever set those up has allowed for its files.
 * @throws SETTING_INVALID for an annotation that the agent would refuse too
 */
export function podCapture(pod: Pick<CapturedPod, 'annotations' | 'defaults'>, wanted: SettingValues): PodCapture {
  const ownValue = (name: SettingName): string => pod.annotations[settingAnnotation(name)] || pod.defaults[name] || findSetting(name)?.default || '';
  const value = (name: SettingName): string => {
    const given = wanted[name];
    if (given !== undefined) return given || findSetting(name)?.default || '';
    const own = ownValue(name);
    const problem = settingProblem(name, own);
    if (problem !== undefined) throw codedError('SETTING_INVALID', `its setting ${name} "${plainText(own, 100)}" ${problem}`);
    return own;
  };
  return {
    interfaces: value('interfaces'),
    snaplen: value('snaplen'),
    filter: value('filter'),
    hasOwnTraffic: ownValue('upload') !== '' || ownValue('stream') !== '',
  };
}

/** Makes the command that captures in the agent's container: `launch` gives it NET_RAW. */
export async function captureCommands(): Promise<(capture: PodCapture) => string[]> {
  const text = await readFile(script, 'utf8');
  return ({ interfaces, snaplen, filter, hasOwnTraffic }) => ['launch', 'sh', '-c', text, 'sh', interfaces, snaplen, filter, hasOwnTraffic ? 'exclude' : ''];
}

/** `shop/web-1:eth0`, and as description what the capture files of that pod say. */
export function podLabel({ namespace, name, node = 'unknown' }: Pick<CapturedPod, 'namespace' | 'name' | 'node'>): Labeller {
  return (captured) => ({ name: `${namespace}/${name}:${captured.name ?? 'unknown'}`, description: `${namespace}/${name} node=${node}` });
}

/** How a capture ended. */
export interface CaptureEnd {
  readonly code: number | undefined;
  /** In a few words; undefined when it ended well. */
  readonly reason: string | undefined;
  /** Packets that the kernel or dumpcap's own queue lost; undefined when it could not tell: it ended with its pod, or was killed. */
  readonly dropped: number | undefined;
}

/** `Packets received/dropped on interface 'eth0': 9/3 (pcap:2/dumpcap:1/flushed:0/ps_ifdrop:0) (75.0%)` */
const dropsLine = /^Packets received\/dropped on .*\(pcap:(\d+)\/dumpcap:(\d+)\//gm;

/** Reads what a capture has said on standard error. */
export function captureEnd({ code, stderr, error }: KubectlEnd): CaptureEnd {
  const told = [...stderr.matchAll(dropsLine)];
  const dropped = told.length === 0 ? undefined : told.reduce((sum, [, kernel, queue]) => sum + Number(kernel) + Number(queue), 0);
  const own = [...stderr.matchAll(/^(?:refused|dumpcap): (.*)$/gm)].at(-1)?.[1];
  return { code, reason: error === undefined ? undefined : plainText(own ?? lastLine(error), 200), dropped };
}

function lastLine({ message }: CodedError): string {
  return message.split('\n').findLast((line) => line.trim() !== '') ?? 'it ended';
}
