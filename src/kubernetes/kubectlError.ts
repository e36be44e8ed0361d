import type { ErrorCode } from '../errors.ts';
import { refusalCode } from '../refusal.ts';

/**
 * The codes for kubectl's messages. Its exit code is always 1, so only the text shows the cause. kubectl is not
 * translated.
 * @see k8s.io/kubectl pkg/cmd/util/helpers.go, k8s.io/apimachinery pkg/api/errors/errors.go
 */
const patterns: readonly (readonly [ErrorCode, RegExp])[] = [
  ['LIST_EXPIRED', /\(Expired\)|\(Gone\)/],
  ['NOT_FOUND', /\(NotFound\)|the server doesn't have a resource type/],
  // 409; or 422 without details: a JSON Patch that does not apply, here always because a `test` operation failed.
  ['CONFLICT', /\(Conflict\)|the server rejected our request due to an error in our request/],
  ['CLUSTER_UNREACHABLE', /the connection to the server .* was refused|unable to connect to the server/i],
  ['CLUSTER_UNREACHABLE', /connection refused|no such host|i\/o timeout|TLS handshake timeout/],
  ['CLUSTER_UNREACHABLE', /Client\.Timeout|context deadline exceeded|\(Timeout\)|\(ServiceUnavailable\)/],
  // What --context or --kubeconfig names does not exist.
  ['CLUSTER_UNREACHABLE', /context was not found|context ".*" does not exist|no configuration has been provided/],
];

/** The code for a failed kubectl, from its standard error. */
export function kubectlErrorCode(stderr: string): ErrorCode {
  return refusalCode(stderr) ?? patterns.find(([, pattern]) => pattern.test(stderr))?.[0] ?? 'KUBECTL_FAILED';
}

/**
 * kubectl's message without the log lines of its client library, which repeat the message, up to five times when the
 * API server cannot be reached.
 * @see https://github.com/kubernetes/klog (format: Lmmdd hh:mm:ss.uuuuuu threadid file:line] msg)
 */
export function kubectlMessage(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  const own = lines.filter((line) => !/^[EWIF]\d{4} \d\d:\d\d:\d\d\.\d+ /.test(line));
  return (own.length > 0 ? own : lines).join('\n');
}
