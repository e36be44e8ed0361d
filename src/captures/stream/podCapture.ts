import { codedError, type CodedError } from '../../errors.ts';
import type { KubectlEnd } from '../../kubernetes/kubectl.ts';
import type { Labeller } from '../../pcapng/index.ts';
import { plainText } from '../../plainText.ts';
import {
  findSetting,
  lockProblem,
  settingAnnotation,
  settingProblem,
  type SettingName,
  type SettingValues,
} from '../../settings/index.ts';
import { countOf, fieldsOf, parseJson } from '../../typed.ts';
import { agentCommand, isEndedContainer, isOlderAgent, olderAgent } from '../agentCommand.ts';
import type { CapturedPod } from '../findPods.ts';

/** The settings of the capture in one pod. */
export interface PodCapture {
  readonly interfaces: string;
  readonly snaplen: string;
  readonly filter: string;
}

/** Exit codes of `capture`. */
export const filterRefused = 65;
/** The setting `interfaces` is refused; any other refusal has the code above. */
export const interfaceRefused = 66;

/**
 * What a pod's stream captures: what is wanted for all, and else the pod's own settings, so that a stream shows no more
 * than those settings allow for its files. An annotation of a setting that the release has locked has no
 * effect.
 * @throws SETTING_INVALID for an annotation that the agent would refuse too
 */
export function podCapture(
  pod: Pick<CapturedPod, 'annotations' | 'defaults' | 'platform'>,
  wanted: SettingValues,
): PodCapture {
  const byDefault = (name: SettingName): string => pod.defaults[name] || findSetting(name)?.default || '';
  const ownValue = (name: SettingName): string => {
    const annotation = pod.annotations[settingAnnotation(name)];
    if (annotation === undefined || annotation === '') return byDefault(name);
    return pod.platform && lockProblem(name, annotation, pod.platform) !== undefined ? byDefault(name) : annotation;
  };
  const value = (name: SettingName): string => {
    const given = wanted[name];
    if (given !== undefined) return given || findSetting(name)?.default || '';
    const own = ownValue(name);
    const problem = settingProblem(name, own);
    if (problem !== undefined)
      throw codedError('SETTING_INVALID', `its setting ${name} "${plainText(own, 100)}" ${problem}`);
    return own;
  };
  return {
    interfaces: value('interfaces'),
    snaplen: value('snaplen'),
    filter: value('filter'),
  };
}

/**
 * The arguments that start the capture in the agent's container. It leaves out the agent's own connections by itself.
 */
export function captureCommand({ interfaces, snaplen, filter }: PodCapture): string[] {
  return agentCommand('capture', '--interfaces', interfaces, '--snaplen', snaplen, '--filter', filter);
}

/**
 * The name `shop/web-1:eth0`, and the same description as in the capture files of that pod.
 * @param isSteered its filter and its limit of bytes may change while it runs, so the interface does not name them
 */
export function podLabel(
  { namespace, name, node = 'unknown' }: Pick<CapturedPod, 'namespace' | 'name' | 'node'>,
  isSteered = false,
): Labeller {
  return (captured) => ({
    name: `${namespace}/${name}:${captured.name ?? 'unknown'}`,
    description: `${namespace}/${name} node=${node}`,
    ...(isSteered ? { anyFilter: true } : {}),
  });
}

/** How a capture ended. */
export interface CaptureEnd {
  readonly code: number | undefined;
  /** The reason in a few words; undefined when it ended well. */
  readonly reason: string | undefined;
  /**
   * Packets that the kernel dropped; undefined when it ended with its pod or was killed before it could report them.
   */
  readonly dropped: number | undefined;
  /** The agent is older than this program: another capture in this pod would end like this one. */
  readonly older?: true;
}

/** Parses the standard error of a capture, which ends with a line of JSON for each interface. */
export function captureEnd({ code, stderr, error }: KubectlEnd): CaptureEnd {
  const reported = stderr.split('\n').flatMap((line) => (line.startsWith('{') ? (droppedOf(line) ?? []) : []));
  const dropped = reported.length === 0 ? undefined : reported.reduce((sum, count) => sum + count, 0);
  const reason = error === undefined ? undefined : plainText(reasonOf(code, stderr, error), 200);
  return { code, reason, dropped, ...(error !== undefined && isOlderAgent(code, stderr) ? { older: true } : {}) };
}

function reasonOf(code: number | undefined, stderr: string, error: CodedError): string {
  if (isOlderAgent(code, stderr)) return olderAgent;
  if (isEndedContainer(`${stderr}\n${error.message}`)) return 'its container has ended';
  return /^refused: (.*)$/m.exec(stderr)?.[1] ?? lastLine(error);
}

/** `{"interface":"eth0","packets":9,"dropped":3}` */
function droppedOf(line: string): number | undefined {
  return countOf(fieldsOf(parseJson(line))['dropped']);
}

function lastLine({ message }: CodedError): string {
  return message.split('\n').findLast((line) => line.trim() !== '') ?? 'it ended';
}
