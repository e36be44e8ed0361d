import { codedError, isCodedError, type CodedError } from '../errors.ts';
import type { Kubectl } from '../kubernetes/kubectl.ts';
import { plainText } from '../plainText.ts';
import { version } from '../version.ts';
import { outputInPod, type ExecTarget, type OutputOptions } from './exec.ts';

/**
 * The program in the agent's container, by a name that only images have in which it takes commands: under the other
 * one, an agent of before would start a second time.
 */
const program = '/usr/lib/packet-capture/agent';

/** The commands of the program in the pod that this program uses: all that the two agree on. */
export const agentCommands = ['capture', 'keep', 'send', 'set', 'status', 'version'] as const;

/** The arguments that start a command of the program in the pod. */
export function agentCommand(name: (typeof agentCommands)[number], ...args: readonly string[]): string[] {
  return [program, name, ...args];
}

/** Exit code for a command or a flag that the program does not know. */
const usageCode = 2;

/**
 * True when a command of {@link agentCommand} failed because the agent is older than this program: there is no such
 * program in its image, or it does not know the command. Pure.
 * @param said the standard error of the command or of kubectl
 */
export function isOlderAgent(code: number | undefined, said: string): boolean {
  if (new RegExp(`exec.*${program}.*(no such file|not found)`, 'is').test(said)) return true;
  return code === usageCode && /unknown command|flag provided but not defined/.test(said);
}

/**
 * What an exec into a container that has ended fails with: of containerd (two, one after the other), of runc (also
 * before 1.2), of CRI-O, and of the kubelet when it has seen the end.
 */
const endedWords = new RegExp(
  [
    'cannot exec in a stopped (?:container|state)',
    'cannot exec a container that has stopped',
    'container is in CONTAINER_EXITED state',
    'failed to load task: no running task found',
    'container is not created or running',
    String.raw`container not found \("`,
  ].join('|'),
  'i',
);

/** True when a command failed because the agent's container has ended. Pure. @param said as in {@link isOlderAgent} */
export function isEndedContainer(said: string): boolean {
  return endedWords.test(said);
}

/** The message about such a container. Pure. */
export function endedText(container: string): string {
  return `its container ${plainText(container, 63)} has ended`;
}

/** The message about such an agent. */
export const olderAgent = `its agent is older than this program and does not know this command: its pod needs the image of ${version}`;

/** The message about pods that all have such an agent. */
export const olderAgents = `all agents here are older than this program and do not know this command: their pods need the image of ${version}`;

/**
 * Runs a command of the program in the pod to its end; its standard output as text.
 * @throws AGENT_TOO_OLD, PROGRAM_TOO_OLD, AGENT_ENDED; and as outputInPod
 */
export async function askAgent(
  kubectl: Kubectl,
  pod: ExecTarget,
  argv: readonly string[],
  options: OutputOptions,
): Promise<string> {
  try {
    return await outputInPod(kubectl, pod, argv, options);
  } catch (error) {
    if (!isCodedError(error)) throw error;
    if (isEndedContainer(error.message)) throw ended(pod, error);
    if (error.code !== 'KUBECTL_FAILED') throw error;
    const [, code] = /command terminated with exit code (\d+)/.exec(error.message) ?? [];
    if (!isOlderAgent(code === undefined ? undefined : Number(code), error.message)) throw error;
    throw await tooOld(kubectl, pod, error);
  }
}

function ended({ namespace, name, container }: ExecTarget, cause: CodedError): CodedError {
  return codedError('AGENT_ENDED', endedText(container), { where: `pod/${name} in namespace ${namespace}`, cause });
}

/** The error for an agent that does not know a command: by its version, the agent or this program is too old. */
async function tooOld(kubectl: Kubectl, pod: ExecTarget, cause: CodedError): Promise<CodedError> {
  const answer = await outputInPod(kubectl, pod, agentCommand('version'), { maxBytes: 100 }).catch(() => '');
  const [details, said] = [
    { where: `pod/${pod.name} in namespace ${pod.namespace}`, cause },
    plainText(answer.trim(), 40),
  ];
  if (isNewer(said, version))
    return codedError(
      'PROGRAM_TOO_OLD',
      `its agent has version ${said}, which does not know this command any more: this program has version ${version}`,
      details,
    );
  const agent =
    said === ''
      ? olderAgent
      : `its agent has version ${said}, which does not know this command: its pod needs the image of ${version}`;
  return codedError('AGENT_TOO_OLD', agent, details);
}

/** Whether a version such as `1.2.3` comes after another one. What follows the numbers does not count. Pure. */
function isNewer(one: string, other: string): boolean {
  const numbers = (text: string): number[] =>
    /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?![.\d])/.exec(text)?.slice(1).map(Number) ?? [];
  const [theirs, ours] = [numbers(one), numbers(other)];
  const place = theirs.findIndex((number, index) => number !== ours[index]);
  return place !== -1 && (theirs[place] ?? 0) > (ours[place] ?? 0);
}
