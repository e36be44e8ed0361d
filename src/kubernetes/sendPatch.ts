import type { PatchOperation, WorkloadObject } from './api/types.ts';
import { kubectlWarnings, parseAnswer, type Kubectl } from './kubectl.ts';
import { inPrivateFile } from './privateFile.ts';

/** The field manager in `metadata.managedFields`, by which users and tools see who added the sidecar. */
export const fieldManager = 'packet-capture';

/** A JSON Patch (RFC 6902) for one object. */
export interface PatchRequest {
  /** TYPE/NAME for kubectl. */
  readonly target: string;
  readonly namespace: string;
  /** A part of the object with a path and a right of its own: `ephemeralcontainers` of a pod. */
  readonly subresource?: string | undefined;
  readonly operations: readonly PatchOperation[];
  /** The API server does everything except storing the result. */
  readonly dryRun: boolean;
  /** The caller looks for what it knows in a refusal's words, see KubectlCall. Default false. */
  readonly quiet?: boolean | undefined;
}

/** The answer to a patch. */
export interface PatchAnswer {
  /** The object as the API server stored it; in a dry run, as it would store it. */
  readonly object: WorkloadObject;
  readonly warnings: readonly string[];
}

/** A JSON merge patch for one object. */
export interface MergePatchRequest extends Omit<PatchRequest, 'operations'> {
  /** A JSON merge patch (RFC 7386); null removes a member. */
  readonly patch: object;
}

/** Admission webhooks may take long: each one up to 30 s, by default 10 s. */
const timeoutSeconds = 60;

/**
 * Sends a JSON Patch.
 * @throws as {@link Kubectl}; CONFLICT when a `test` operation fails
 */
export async function sendPatch(kubectl: Kubectl, { operations, ...request }: PatchRequest): Promise<PatchAnswer> {
  return send(kubectl, 'json', operations, request);
}

/**
 * Sends a JSON merge patch. With the object's `metadata.uid` in it, another object of the same name is left alone.
 * @throws as {@link Kubectl}; CONFLICT when the uid is another
 */
export async function sendMergePatch(kubectl: Kubectl, { patch, ...request }: MergePatchRequest): Promise<PatchAnswer> {
  return send(kubectl, 'merge', patch, request);
}

async function send(
  kubectl: Kubectl,
  type: 'json' | 'merge',
  content: unknown,
  { target, namespace, subresource, dryRun, quiet = false }: Omit<PatchRequest, 'operations'>,
): Promise<PatchAnswer> {
  // Not as an argument, because a custom sidecar may contain secrets and every user can read arguments. Not as standard
  // input, because kubectl would have to open it by its name, and Node's pipes are sockets, which cannot be opened.
  return inPrivateFile('patch.json', JSON.stringify(content), async (file) => {
    const { stdout, stderr } = await kubectl(
      [
        'patch',
        target,
        '--namespace',
        namespace,
        ...(subresource === undefined ? [] : [`--subresource=${subresource}`]),
        `--type=${type}`,
        `--patch-file=${file}`,
        `--field-manager=${fieldManager}`,
        `--dry-run=${dryRun ? 'server' : 'none'}`,
        '--output=json',
      ],
      { timeoutSeconds, quiet },
    );
    return { object: parseAnswer(stdout, ['patch', target]) as WorkloadObject, warnings: kubectlWarnings(stderr) };
  });
}
