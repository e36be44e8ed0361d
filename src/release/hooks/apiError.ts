import { codedError, type CodedError } from '../../errors.ts';
import { refusalCode } from '../../refusal.ts';

/** An answer of the API server with any HTTP status, as it arrived. */
export interface ApiResponse {
  readonly status: number;
  readonly text: string;
  readonly warnings: readonly string[];
}

/**
 * The error for an answer that is not a success.
 * @param what the call; with 403 it names the verb, the resource and the namespace that must be granted
 */
export function statusError({ status, text }: ApiResponse, what: string): CodedError & { readonly passing: boolean } {
  const message = `cannot ${what}: ${messageOf(text) ?? `HTTP status ${status}`}`;
  return Object.assign(errorOf(status, message, what), { passing: status === 429 || status >= 500 });
}

function errorOf(status: number, message: string, what: string): CodedError {
  switch (status) {
    case 403: {
      const code = refusalCode(message) ?? 'FORBIDDEN';
      if (code !== 'FORBIDDEN') return codedError(code, message);
      return codedError('FORBIDDEN', message, {
        hint: `Let a Role grant the hook's ServiceAccount to ${what}. With a deleted namespace its Roles are gone too.`,
      });
    }
    case 404:
      return codedError('NOT_FOUND', message);
    case 409:
      return codedError('CONFLICT', message);
    default:
      return codedError('API_FAILED', message);
  }
}

/** The error for a failed or broken connection, or no answer in time. */
export function unreachable(server: string, what: string, cause: Error): CodedError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const text = cause.name === 'AbortError' ? 'no answer in time' : message || String(code);
  return codedError('CLUSTER_UNREACHABLE', `cannot ${what}: ${text}`, {
    where: server,
    hint: 'Check the network between the hook and the API server.',
    cause,
  });
}

/** The message of a Status object (meta/v1). */
function messageOf(text: string): string | undefined {
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    return typeof message === 'string' && message !== '' ? message : undefined;
  } catch {
    return undefined;
  }
}
