import type { TLSSocket } from 'node:tls';
import type { Log } from './log.ts';

const everyMs = 60_000;

/**
 * Logs clients that are refused because their certificate is missing or invalid. One of them may be the API server, and
 * it writes the refusal only to its own log.
 * @returns call it for each such client; it writes at most one line a minute, because any pod can send requests
 */
export function refusedClientLog(
  log: Log['write'],
  now: () => number = () => performance.now(),
): (socket: TLSSocket) => void {
  let next = -Infinity;
  let unlogged = 0;
  return (socket) => {
    if (now() < next) {
      unlogged += 1;
      return;
    }
    log({
      event: 'client_refused',
      address: socket.remoteAddress ?? '',
      certificate: problemOf(socket),
      before: unlogged,
    });
    next = now() + everyMs;
    unlogged = 0;
  };
}

/**
 * OpenSSL's name for the problem of a certificate, such as `CERT_HAS_EXPIRED`; `none` when the client presents none.
 */
function problemOf(socket: TLSSocket): string {
  if (Object.keys(socket.getPeerCertificate()).length === 0) return 'none';
  return String(socket.authorizationError);
}
