import type { TLSSocket } from 'node:tls';
import type { Log } from './log.ts';

const everyMs = 60_000;

/**
 * Logs clients that are refused for want of a certificate, or for theirs: the API server, which may be one of them,
 * shows what it is told to nobody but its own log.
 * @returns is told of each; a line a minute at most comes of it, since anybody may ask
 */
export function strangerLog(
  log: Log['write'],
  now: () => number = () => performance.now(),
): (socket: TLSSocket) => void {
  let next = -Infinity;
  let more = 0;
  return (socket) => {
    if (now() < next) {
      more += 1;
      return;
    }
    log({ event: 'client_refused', address: socket.remoteAddress ?? '', certificate: problemOf(socket), before: more });
    next = now() + everyMs;
    more = 0;
  };
}

/** OpenSSL's name for what is wrong with it, `CERT_HAS_EXPIRED` for example; `none` when the client presents none. */
function problemOf(socket: TLSSocket): string {
  if (Object.keys(socket.getPeerCertificate()).length === 0) return 'none';
  return String(socket.authorizationError);
}
