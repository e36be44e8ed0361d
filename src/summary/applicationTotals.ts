import type { ApplicationEvents } from './application.ts';
import type { Conversation } from './conversation.ts';
import { serverOf } from './conversations.ts';
import { dnsCodeName } from './dns.ts';
import { createHeldBytes } from './heldBytes.ts';
import { createOpenQueries } from './openQueries.ts';
import { createTally, type Tally } from './tally.ts';
import { createTimes, type Times } from './times.ts';
import { alertName, tlsVersionName } from './tls.ts';

/** What is counted of DNS, TLS and HTTP over all conversations. */
export interface ApplicationTotals {
  readonly events: ApplicationEvents;
  /** The conversation whose bytes are read next. */
  current: Conversation | undefined;
  readonly dns: DnsTotals;
  readonly tls: { readonly serverNames: Tally; readonly versions: Tally; readonly alerts: Tally };
  readonly http: HttpTotals;
}

/** Counts of DNS over all conversations. Times are in nanoseconds. */
export interface DnsTotals {
  queries: number;
  repeated: number;
  responses: number;
  readonly codes: Tally;
  /** `CODE name` */
  readonly failures: Tally;
  readonly times: Times;
  readonly servers: ServerTotals;
}

/** Counts of HTTP over all conversations. Times are in nanoseconds. */
export interface HttpTotals {
  requests: number;
  responses: number;
  readonly methods: Tally;
  readonly statuses: Tally;
  readonly times: Times;
  readonly servers: ServerTotals;
}

/** Times by server: address and port. */
export type ServerTotals = Map<number, { readonly address: number; readonly port: number; readonly times: Times }>;

/** Each has some 8 KB. */
const mostServers = 256;
const mostTexts = 1000;
const longestText = 255;
/** Bytes of messages that are not whole, of all connections together. */
const mostHeld = 4 * 1024 * 1024;

/** Totals of zeros. */
export function createApplicationTotals(): ApplicationTotals {
  const dns: DnsTotals = {
    queries: 0,
    repeated: 0,
    responses: 0,
    codes: createTally(32),
    failures: createTally(mostTexts),
    times: createTimes(),
    servers: new Map(),
  };
  const http: HttpTotals = {
    requests: 0,
    responses: 0,
    methods: createTally(32),
    statuses: createTally(mostTexts),
    times: createTimes(),
    servers: new Map(),
  };
  const tls = { serverNames: createTally(mostTexts), versions: createTally(64), alerts: createTally(256) };
  const totals: ApplicationTotals = {
    current: undefined,
    dns,
    tls,
    http,
    events: {
      held: createHeldBytes(mostHeld),
      open: createOpenQueries(),
      client(fromLow) {
        const { current } = totals;
        // A SYN has said more.
        if (current !== undefined && !current.opened) current.opener = fromLow ? 'low' : 'high';
      },
      dns: {
        query(isRepeated) {
          dns.queries += 1;
          if (isRepeated) dns.repeated += 1;
        },
        response(code, name) {
          dns.responses += 1;
          dns.codes.add(dnsCodeName(code));
          if (code === 0) return;
          dns.failures.add(`${dnsCodeName(code)} ${(name ?? '').slice(0, longestText)}`);
          if (totals.current !== undefined) totals.current.dnsFailures += 1;
        },
        time: (nanoseconds) => addTime(totals.current, dns, nanoseconds),
      },
      tls: {
        serverName: (name) => tls.serverNames.add(name.slice(0, longestText)),
        version: (version) => tls.versions.add(tlsVersionName(version)),
        alert: (description) => tls.alerts.add(alertName(description)),
      },
      http: {
        request(method) {
          http.requests += 1;
          http.methods.add(method.slice(0, longestText));
        },
        response(status) {
          http.responses += 1;
          http.statuses.add(String(status));
        },
        time: (nanoseconds) => addTime(totals.current, http, nanoseconds),
      },
    },
  };
  return totals;
}

function addTime(
  current: Conversation | undefined,
  { times, servers }: { readonly times: Times; readonly servers: ServerTotals },
  nanoseconds: number,
): void {
  times.add(nanoseconds);
  if (current === undefined) return;
  const { address, port } = serverOf(current);
  const key = address * 65_536 + port;
  let server = servers.get(key);
  if (server === undefined) {
    if (servers.size >= mostServers) return;
    server = { address, port, times: createTimes() };
    servers.set(key, server);
  }
  server.times.add(nanoseconds);
}
