import { isCodedError, type CodedError, type ErrorCode } from '../../errors.ts';
import { refusalCode } from '../../refusal.ts';

/** Patterns of helm's standard error, by code, because its exit code is always 1. */
const patterns: readonly (readonly [ErrorCode, RegExp])[] = [
  ['NOT_FOUND', /release: not found|has no deployed releases/],
  ['CLUSTER_UNREACHABLE', /Kubernetes cluster unreachable|connection refused|no such host|i\/o timeout/],
  ['CLUSTER_UNREACHABLE', /context ".*" does not exist|context was not found/],
];

/** The code for a failed helm, from its standard error. */
export function helmErrorCode(stderr: string): ErrorCode {
  return patterns.find(([, pattern]) => pattern.test(stderr))?.[0] ?? refusalCode(stderr) ?? 'HELM_FAILED';
}

/** Whether helm or the API server refused the chart, the values or an object, in contrast to a failed connection. */
export function isHelmRefusal(error: unknown): error is CodedError {
  return isCodedError(error) && ['HELM_FAILED', 'FORBIDDEN', 'POD_SECURITY', 'ADMISSION_DENIED'].includes(error.code);
}

const noise = /^(?:level=|[EWIF]\d{4} \d\d:|\d{4}\/\d\d\/\d\d |WARNING: |Use --debug flag )/;

/**
 * Helm's message without its log lines (`level=WARN …`, klog's `W1122 …`, `2026/11/22 …`), which repeat the error,
 * and without its prefix `Error: INSTALLATION FAILED: `.
 */
export function helmMessage(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  const own = lines.filter((line) => !noise.test(line));
  return (own.length > 0 ? own : lines)
    .join('\n')
    .replace(/^Error: /, '')
    .replace(/^(?:INSTALLATION|UPGRADE) FAILED: /, '');
}
