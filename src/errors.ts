import { supportedHelm } from './minimums.ts';
import { plainLines, plainText } from './plainText.ts';

/** The exit codes of every command. After a signal it is 128 plus its number, as in shells. */
export const exitCodes = {
  0: 'done',
  1: 'failed, or what was asked for is not so',
  2: 'wrong usage or bad input',
  129: 'SIGHUP',
  130: 'Ctrl-C (SIGINT), also where it is the ordinary end: `status --watch`, `stream`',
  143: 'SIGTERM',
} as const;

/**
 * Every failure that a user can see, in one table.
 *
 * The key is the code that is printed and that scripts may rely on; `exit` is the process' exit code; `hint` is what to
 * do, unless the place that throws the error gives a better one.
 */
export const errorTable = {
  USAGE: { exit: 2, hint: 'Run the command with --help.' },
  SETTING_UNKNOWN: { exit: 2, hint: 'Run `packet-capture settings` for the list.' },
  SETTING_INVALID: { exit: 2, hint: 'Correct the value.' },
  FILE_UNREADABLE: { exit: 2, hint: 'Check the path and its permissions.' },
  FILE_UNWRITABLE: { exit: 1, hint: 'Check the path, its permissions and the free space.' },
  YAML_INVALID: { exit: 2, hint: 'Correct the document; nothing was written.' },
  YAML_UNSUPPORTED: { exit: 2, hint: 'Write the part in plain block style, without anchors; nothing was written.' },
  MANIFEST_INVALID: { exit: 2, hint: 'Correct the manifest; nothing was written.' },
  MANIFEST_SEALED: { exit: 2, hint: 'Decrypt it first, inject, and encrypt the result; nothing was written.' },
  NOT_INJECTED: {
    exit: 1,
    hint: 'Correct what is named above, or leave these out with --kind, --name or -l; nothing was written.',
  },
  SIDECAR_CONFIG_INVALID: { exit: 2, hint: 'See docs/sidecarconfig.md for both forms.' },
  IMAGE_NOT_NAMED: {
    exit: 2,
    hint: 'Name it with --image, the environment variable PACKET_CAPTURE_IMAGE, or agent.image in --sidecar-config; best with its digest.',
  },
  POD_SECURITY: { exit: 1, hint: 'Use a namespace whose enforced Pod Security level is privileged or baseline.' },
  KUBECTL_MISSING: { exit: 1, hint: 'Install kubectl, or name it with the environment variable KUBECTL.' },
  KUBECTL_FAILED: { exit: 1, hint: 'The lines above are from kubectl.' },
  CLUSTER_UNREACHABLE: { exit: 1, hint: 'Check --context, --kubeconfig and the network.' },
  ANSWER_TOO_LARGE: { exit: 1, hint: 'Ask for less: name a namespace, or labels.' },
  LIST_EXPIRED: {
    exit: 1,
    hint: 'The cluster changes faster than the list can be read. Run the command again, for one namespace.',
  },
  NOT_FOUND: { exit: 1, hint: 'Check the name, the type and the namespace.' },
  KIND_UNSUPPORTED: { exit: 2, hint: 'Name a workload that has a pod template.' },
  NOT_INJECTABLE: { exit: 1, hint: 'The reason names what prevents injection.' },
  CONFLICT: { exit: 1, hint: 'Somebody else changed the object at the same moment. Run the command again.' },
  IMAGE_UNUSABLE: {
    exit: 1,
    hint: 'Check the name, the tag, the architecture, and the pull secret in that namespace.',
  },
  ROLLOUT_FAILED: { exit: 1, hint: 'The workload is as shown; `unpatch` undoes the change.' },
  REQUIREMENT_MISSING: { exit: 1, hint: 'Install what is named, or use a machine that has it.' },
  CLUSTER_FAILED: { exit: 1, hint: 'The lines above are from the program.' },
  INTERRUPTED: { exit: 130, hint: 'Run the command again: what is already done stays.' },
  NOT_CONFIRMED: { exit: 1, hint: 'Nothing was changed.' },
  FILE_EXISTS: { exit: 1, hint: 'Add --force to replace it; nothing was written.' },
  CERTIFICATE_INVALID: { exit: 2, hint: 'Check that it is complete and in PEM format.' },
  CHART_INVALID: { exit: 2, hint: 'Correct the templates; nothing was written.' },
  ROTATION_REFUSED: { exit: 1, hint: 'Run `packet-capture certs inspect`; `certs new --force` makes new ones.' },
  TARGETS_INVALID: { exit: 2, hint: "Correct the chart's value `targets`; nothing was changed." },
  TARGETS_INCOMPLETE: { exit: 1, hint: 'The lines above name the objects and the reasons; all others are done.' },
  RECORD_INVALID: {
    exit: 1,
    hint: 'Correct that key, or remove it if nothing is opted in any more; nothing was changed.',
  },
  INJECTION_UNPROVEN: { exit: 1, hint: "Look at the injector's pods and its MutatingWebhookConfiguration." },
  FORBIDDEN: { exit: 1, hint: 'Grant it with a Role and a RoleBinding.' },
  ADMISSION_DENIED: {
    exit: 1,
    hint: 'The message names what refuses it: a quota, a LimitRange, a policy or a webhook of the cluster.',
  },
  API_FAILED: { exit: 1, hint: 'The message is from the API server.' },
  HELM_MISSING: {
    exit: 1,
    hint: `Install it (${supportedHelm}), or name the program with the environment variable HELM.`,
  },
  HELM_UNSUPPORTED: {
    exit: 1,
    hint: `Use ${supportedHelm}. The environment variable HELM names another program.`,
  },
  HELM_FAILED: { exit: 1, hint: 'The lines above are from helm.' },
  PREFLIGHT_FAILED: { exit: 1, hint: 'Nothing was changed. Correct what is named above and run the command again.' },
  INSTALL_FAILED: { exit: 1, hint: 'The lines above give the reason and the state of the release.' },
  UNINSTALL_INCOMPLETE: { exit: 1, hint: 'The commands above remove what is left.' },
  RELEASE_EXISTS: { exit: 1, hint: 'Raise the version: what was published once does not change.' },
  RELEASE_UNVERIFIED: { exit: 1, hint: 'Do not use this release; the lines above name what is not as it was signed.' },
  VULNERABILITIES_FOUND: {
    exit: 1,
    hint: 'Update what is named, or say in security/vex.openvex.json why it does not apply; nothing was signed.',
  },
  LISTEN_FAILED: { exit: 1, hint: 'Name a port that is free and that this user may use.' },
  CHECK_FAILED: { exit: 1, hint: 'Look at the log of the injector.' },
  CAPTURE_INVALID: {
    exit: 1,
    hint: 'It is not a capture file, or it is damaged; `tcpdump -r` reads the packets before that place.',
  },
  AGENT_TOO_OLD: {
    exit: 1,
    hint: "Restart the workload with the image of this release, or use the command line of the agent's release.",
  },
  PROGRAM_TOO_OLD: { exit: 1, hint: "Use the command line of the agent's release." },
  NOT_CAPTURED: {
    exit: 1,
    hint: 'Add the sidecar with `packet-capture patch TYPE/NAME`, or without a restart: `packet-capture attach POD`. `packet-capture why` explains why it is missing.',
  },
  NOT_ATTACHABLE: { exit: 1, hint: 'The reason names what prevents it; nothing was changed.' },
  MEMORY_SHORT: {
    exit: 1,
    hint: 'Give the pod a larger memory limit, or capture in another pod of the workload. With --ignore-memory the kernel may kill the app. Nothing was changed.',
  },
  AGENT_ENDED: {
    exit: 1,
    hint: 'Run `packet-capture attach` again: it adds the next container. A sidecar starts again by itself.',
  },
  ATTACH_FAILED: {
    exit: 1,
    hint: 'Correct what the kubelet names; it tries again by itself. Another image (--image) needs no wait: it gets a container of its own.',
  },
  CAPTURE_UNCONFIRMED: { exit: 1, hint: 'Run `packet-capture status`; the annotations stay set.' },
  NOT_KEPT: {
    exit: 1,
    hint: 'The lines above name the pods and the reasons; the others have kept their files. Run the command again soon: the ring goes on.',
  },
  DOWNLOAD_INCOMPLETE: { exit: 1, hint: 'Run the command again: it continues where it ended.' },
  NOTHING_TO_MERGE: { exit: 1, hint: 'Name a longer window, or wait until there are packets; nothing was written.' },
  INTERNAL: { exit: 1, hint: 'This is a bug. Please report it with the lines above.' },
} as const satisfies Record<string, { exit: keyof typeof exitCodes; hint: string }>;

/** A code of the table. Programs rely on the codes, so they never change. */
export type ErrorCode = keyof typeof errorTable;

/** An error of bad input or of the cluster, in contrast to a bug. Made by {@link codedError} alone. */
export interface CodedError extends Error {
  readonly code: ErrorCode;
  /** File, document, line and column, or TYPE/NAME: where it happened. */
  readonly where?: string;
  /** What to do: one sentence. */
  readonly hint: string;
}

/** What the caller knows beyond the message. Without `hint`, that of the table is used. */
export interface ErrorDetails {
  readonly where?: string;
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Makes the error to throw for a row of {@link errorTable}; `what` is one sentence without a final full stop. */
export function codedError(code: ErrorCode, what: string, details: ErrorDetails = {}): CodedError {
  const error = new Error(what, details.cause === undefined ? undefined : { cause: details.cause });
  return Object.assign(error, {
    name: code,
    code,
    hint: details.hint ?? errorTable[code].hint,
    ...(details.where === undefined ? {} : { where: details.where }),
  });
}

/** True for errors made by {@link codedError}: an error that the user can act on, not a bug. */
export function isCodedError(error: unknown): error is CodedError {
  return error instanceof Error && 'code' in error && 'hint' in error && String(error.code) in errorTable;
}

/** True when a right is missing: the object may exist, and another user may see it. */
export function isForbidden(error: unknown): boolean {
  return isCodedError(error) && error.code === 'FORBIDDEN';
}

/** Errors after which every later step would fail too. */
const finalCodes: readonly ErrorCode[] = ['INTERRUPTED', 'KUBECTL_MISSING', 'HELM_MISSING'];

/**
 * For `catch` blocks that continue without what failed: throws the error again when it is a bug, when the user has
 * interrupted the command, or when a program is missing.
 * @param alsoFinal more codes to throw again
 */
export function rethrowUnlessRecoverable(
  error: unknown,
  ...alsoFinal: readonly ErrorCode[]
): asserts error is CodedError {
  if (!isCodedError(error) || finalCodes.includes(error.code) || alsoFinal.includes(error.code)) throw error;
}

/**
 * The text for people: `error CODE: what`, then the place, then what to do. Control characters are made safe to show.
 * Several lines, no final newline; the second and later lines of a message are indented.
 */
export function formatError(error: CodedError): string {
  const lines = [`error ${error.code}: ${plainLines(error.message, '    ')}`];
  if (error.where !== undefined) lines.push(`  at ${plainText(error.where)}`);
  lines.push(`  ${plainText(error.hint)}`);
  return lines.join('\n');
}
