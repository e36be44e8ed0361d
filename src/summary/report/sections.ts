import { formatBytes } from '../../quantity.ts';
import type { Amount, ConversationSummary, Counted, End, Pair, ServerTimes, Summary } from '../summary.ts';
import type { TimesSummary } from '../times.ts';
import { countText, timeText } from './quantities.ts';

/** A part of the report: lines, then a table. */
export interface Section {
  readonly title: string;
  readonly lines: readonly string[];
  /** Its head, and its rows. */
  readonly table: readonly (readonly string[])[];
  /** Columns of names, which may be shortened so that a row fits. */
  readonly names: readonly number[];
}

/** What a summary says to people, in parts; a part without content is left out. Pure. */
export function sectionsOf(summary: Summary): Section[] {
  return [
    captureSection(summary),
    tcpSection(summary),
    conversationSection(summary),
    talkerSection(summary),
    errorSection(summary),
    dnsSection(summary),
    tlsSection(summary),
    httpSection(summary),
    icmpSection(summary),
  ].filter(({ lines, table }) => lines.length > 0 || table.length > 1);
}

function section(title: string, lines: readonly string[], table: readonly (readonly string[])[] = []): Section {
  return { title, lines, table, names: [] };
}

function captureSection({ from, to, seconds, packets, bytes, cut, seenTwice, protocols, drops }: Summary): Section {
  const dropped = drops.filter((one) => one.dropped > 0);
  const kinds = protocols.map((one) => `${one.protocol} ${one.packets} (${formatBytes(one.bytes)})`);
  return section('Capture', [
    `${countText(packets, 'packet')}, ${formatBytes(bytes)} bytes on the wire, ${timeText(seconds)}`,
    ...(from === null || to === null ? [] : [`${from} to ${to}`]),
    ...(kinds.length === 0 ? [] : [kinds.join(', ')]),
    ...(cut === 0 ? [] : [`${countText(cut, 'packet')} cut: counted with ${cut === 1 ? 'its' : 'their'} whole length`]),
    ...(seenTwice === 0 ? [] : [`${countText(seenTwice, 'packet')} seen at a second interface: counted once`]),
    ...(drops.length > 0 && dropped.length === 0 ? ['no packet dropped'] : []),
    ...dropped.map(
      (one) =>
        `${countText(one.dropped, 'packet')} dropped on ${one.interface}${one.received === null ? '' : ` of ${one.received}`}: numbers below are too low`,
    ),
  ]);
}

function tcpSection({ tcp }: Summary): Section {
  if (tcp.connections === 0) return section('TCP', []);
  return section('TCP', [
    [
      countText(tcp.connections, 'connection'),
      countText(tcp.retransmissions, 'retransmission'),
      `${tcp.outOfOrder} out of order`,
      countText(tcp.resets, 'reset'),
      countText(tcp.zeroWindows, 'zero window'),
      `${tcp.unanswered} refused or not answered`,
    ].join(', '),
    ...(tcp.handshakes === null ? [] : [`handshakes: ${timesText(tcp.handshakes)}`]),
  ]);
}

function timesText({ count, least, median, p95, most }: TimesSummary): string {
  return `${count} in ${timeText(least)} to ${timeText(most)}, median ${timeText(median)}, 95 % within ${timeText(p95)}`;
}

function conversationSection({ conversations: { list, others } }: Summary): Section {
  const all = list.length + others.conversations;
  const lines = others.packets === 0 ? [] : [`${list.length} of ${all} by bytes; ${othersText(others)}`];
  const head = [
    'PROTO',
    'CLIENT',
    'SERVER',
    'SENT',
    'RECEIVED',
    'START',
    'TIME',
    'SETUP',
    'RETR',
    'RST',
    'ZERO',
    'WHAT',
  ];
  return { title: 'Conversations', lines, table: [head, ...list.map(conversationRow)], names: [1, 2, 11] };
}

function conversationRow(one: ConversationSummary): string[] {
  const { protocol, client, server, fromClient, fromServer, start, seconds, tcp } = one;
  return [
    protocol,
    endText(client),
    endText(server),
    amountText(fromClient),
    amountText(fromServer),
    timeText(start),
    timeText(seconds),
    tcp?.handshake === undefined ? '-' : timeText(tcp.handshake),
    ...(tcp === undefined ? ['-', '-', '-'] : [tcp.retransmissions, tcp.resets, tcp.zeroWindows].map(String)),
    whatText(one),
  ];
}

/** What was said in it, and what became of it. */
function whatText({ tcp, tls, http }: ConversationSummary): string {
  const failed = http === undefined || http.errors === 0 ? '' : `, ${http.errors} failed`;
  return [
    ...(tcp === undefined || tcp.state === 'open' ? [] : [tcp.state]),
    ...(tls === undefined ? [] : [[tls.version ?? 'TLS', ...(tls.alerts ?? [])].join(' '), tls.serverName ?? '']),
    ...(http === undefined ? [] : [`HTTP ${http.requests}${failed}`]),
  ]
    .filter((text) => text !== '')
    .join(' ');
}

function amountText({ packets, bytes }: Amount): string {
  return `${packets}/${formatBytes(bytes)}`;
}

/** `shop/web-1:443`; an address of IPv6 with a port in brackets. */
export function endText({ address, port, name }: End): string {
  if (port === undefined) return name ?? address;
  return `${name ?? (address.includes(':') ? `[${address}]` : address)}:${port}`;
}

function othersText({ packets, bytes }: Amount): string {
  return `the others: ${countText(packets, 'packet')}, ${formatBytes(bytes)}`;
}

function talkerSection({ talkers, others: { talkers: others } }: Summary): Section {
  const lines =
    others.sent.packets + others.received.packets === 0
      ? []
      : [
          `${talkers.length} of ${talkers.length + others.addresses} by bytes; the others: ${amountText(others.sent)} sent, ${amountText(others.received)} received`,
        ];
  const rows = talkers.map((one) => [one.name ?? one.address, amountText(one.sent), amountText(one.received)]);
  return { title: 'Top talkers', lines, table: [['WHO', 'SENT', 'RECEIVED'], ...rows], names: [0] };
}

function errorSection({ troubled, others }: Summary): Section {
  const lines =
    others.troubled === 0
      ? []
      : [`${troubled.length} of ${troubled.length + others.troubled} pairs with errors, the worst first`];
  const rows = troubled.map(errorRow);
  return { title: 'Trouble', lines, table: [['CLIENT', 'SERVER', 'WHAT'], ...rows], names: [0, 1, 2] };
}

function errorRow({ client, server, errors }: Pair): string[] {
  return [endText(client), endText(server), countedText(errors)];
}

function countedText(counted: readonly Counted[]): string {
  return counted.map(({ what, count }) => `${what} ${count}`).join(', ');
}

function dnsSection({ dns, others }: Summary): Section {
  if (dns.queries + dns.responses === 0) return section('DNS', []);
  const lines = [
    `${countText(dns.queries, 'query', 'queries')}, ${dns.repeated} repeated, ${countText(dns.responses, 'response')}: ${countedText(dns.codes)}`,
    ...(dns.times === null ? [] : [`times: ${timesText(dns.times)}`]),
    ...serverLines(dns.servers, others.dnsTimes),
    ...(others.dnsFailures === 0 ? [] : [`failures that are not below: ${others.dnsFailures}`]),
  ];
  const rows = dns.failures.map(({ code, name, count }) => [code, name, String(count)]);
  return { title: 'DNS', lines, table: [['FAILED', 'NAME', 'COUNT'], ...rows], names: [1] };
}

/** One server's times are those of all. */
function serverLines(servers: readonly ServerTimes[], others: number): string[] {
  if (servers.length < 2 && others === 0) return [];
  return [
    ...servers.map(({ server, times }) => `${endText(server)}: ${timesText(times)}`),
    ...(others === 0 ? [] : [`other servers: ${others}`]),
  ];
}

function tlsSection({ tls }: Summary): Section {
  if (tls.connections === 0) return section('TLS', []);
  const lines = [
    [countText(tls.connections, 'connection'), ...(tls.versions.length === 0 ? [] : [countedText(tls.versions)])].join(
      ': ',
    ),
    ...(tls.alerts.length === 0 ? [] : [`alerts: ${countedText(tls.alerts)}`]),
  ];
  const rows = tls.serverNames.map(({ what, count }) => [what, String(count)]);
  return { title: 'TLS', lines, table: [['SERVER NAME', 'COUNT'], ...rows], names: [0] };
}

function httpSection({ http, others }: Summary): Section {
  if (http.requests + http.responses === 0) return section('HTTP', []);
  return section('HTTP', [
    `${countText(http.requests, 'request')}: ${countedText(http.methods)}`,
    `${countText(http.responses, 'response')}: ${countedText(http.statuses)}`,
    ...(http.times === null ? [] : [`times: ${timesText(http.times)}`]),
    ...serverLines(http.servers, others.httpTimes),
  ]);
}

function icmpSection({ icmpErrors, others }: Summary): Section {
  const lines = others.icmpErrors === 0 ? [] : [`errors that are not below: ${others.icmpErrors}`];
  const rows = icmpErrors.map(({ what, from, count }) => [what, endText(from), String(count)]);
  return { title: 'ICMP errors', lines, table: [['WHAT', 'FROM', 'COUNT'], ...rows], names: [1] };
}
