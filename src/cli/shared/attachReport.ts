import { failedToAttach, type AttachPodsResult } from '../../captures/attach/index.ts';
import type { UpdatedPod } from '../../captures/index.ts';
import { codedError, type CodedError } from '../../errors.ts';
import { counted, printJson, say } from '../io/output.ts';

/** What came after the containers. */
export interface AttachOutcome {
  /** Why no pod has an agent. */
  readonly error?: CodedError | undefined;
  readonly updates?: readonly UpdatedPod[];
  /** Why the pods have no Event. */
  readonly unnoted?: string | undefined;
}

/** How the report is written. */
export interface ReportOptions {
  /** How long the containers stay. */
  readonly ttl: string;
  readonly json: boolean;
  /** What to do next where captures run, for people. */
  readonly next?: string | undefined;
}

/**
 * Reports what stays in the pods, and prints the result for programs.
 * @throws the error of the outcome; ATTACH_FAILED, CAPTURE_UNCONFIRMED
 */
export function concludeAttach(
  { pods, found, by }: AttachPodsResult,
  { error, updates = [], unnoted }: AttachOutcome,
  { ttl, json, next }: ReportOptions,
): void {
  if (unnoted !== undefined) say(`note: the pods have no Event about this: ${unnoted}`);
  // One that does not start stays too.
  const stay = pods.filter(
    ({ result, container }) =>
      result === 'attached' || result === 'dry-run' || (result === 'failed' && container !== null),
  );
  if (stay.length > 0) say(staysText(stay.length, ttl));
  if (next !== undefined && updates.some(({ result }) => result === 'confirmed')) say(next);
  if (json) printJson({ by: by ?? null, pods, updates });
  const problem = error ?? failedToAttach(pods, found.where) ?? unconfirmed(updates, ttl);
  if (problem !== undefined) throw problem;
}

function unconfirmed(updates: readonly UpdatedPod[], ttl: string): CodedError | undefined {
  const bad = updates.filter(({ result }) => result === 'unconfirmed' || result === 'failed');
  const [first] = bad;
  if (first === undefined) return undefined;
  const what = `${bad.length} of ${counted(updates.length, 'pod')} ${bad.length === 1 ? 'does' : 'do'} not capture as asked`;
  return codedError('CAPTURE_UNCONFIRMED', what, {
    where: `${first.namespace}/${first.pod}: ${first.agent ?? ''}`,
    hint:
      first.refused === true
        ? `Correct it and run \`packet-capture attach\` again, which uses the same container. Until then that captures nothing, and it ends by itself after ${ttl}.`
        : 'Run `packet-capture status`; the agents keep what they were told.',
  });
}

/** What is left behind, and for how long. Pure. */
export function staysText(containers: number, ttl: string): string {
  return containers === 1
    ? `what stays: the container ends by itself after ${ttl}, with its files; its entry in the pod's spec stays until that pod is replaced`
    : `what stays: the ${containers} containers end by themselves after ${ttl}, with their files; their entries in the pods' specs stay until those pods are replaced`;
}
