import { execa } from 'execa';
import type { ConversationSummary, Counted, Summary } from '../../../src/summary/summary.ts';

/** What tshark and this program say of the same capture, in the same words. */
export interface Facts {
  /** Of each TCP connection, in order of their beginning. */
  readonly tcp: readonly string[];
  /** By their beginning and their ends: the time from the SYN to the first ACK. */
  readonly handshakes: ReadonlyMap<string, string>;
  /** The table of `-z conv,tcp`, without its head. */
  readonly table: readonly string[];
  readonly dnsCodes: readonly string[];
  readonly dnsTimes: string;
  readonly serverNames: readonly string[];
  readonly versions: readonly string[];
  readonly alerts: readonly string[];
  readonly statuses: readonly string[];
  readonly requests: number;
}

const fields = [
  'frame.time_relative',
  'frame.len',
  'tcp.stream',
  'ip.src',
  'ipv6.src',
  'tcp.srcport',
  'ip.dst',
  'ipv6.dst',
  'tcp.dstport',
  'tcp.analysis.retransmission',
  'tcp.analysis.out_of_order',
  'tcp.analysis.zero_window',
  'tcp.flags.reset',
  'tcp.analysis.initial_rtt',
  'dns.flags.rcode',
  'dns.time',
  'tls.handshake.type',
  'tls.handshake.version',
  'tls.handshake.extensions.supported_version',
  'tls.handshake.extensions_server_name',
  'tls.alert_message.desc',
  'http.response.code',
  'http.request.method',
] as const;

type Row = Readonly<Record<(typeof fields)[number], string>>;

/** By the real tshark, with its defaults and without names. */
export async function tsharkFacts(path: string): Promise<Facts> {
  const { stdout } = await execa('tshark', [
    '-n',
    '-r',
    path,
    '-T',
    'fields',
    ...fields.flatMap((field) => ['-e', field]),
  ]);
  const rows = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const cells = line.split('\t');
      return Object.fromEntries(fields.map((field, index) => [field, cells[index] ?? ''])) as Row;
    });
  const { stdout: table } = await execa('tshark', ['-n', '-q', '-z', 'conv,tcp', '-r', path]);
  const all = (field: (typeof fields)[number], some = rows): string[] =>
    some.flatMap((row) => row[field].split(',').filter((value) => value !== ''));
  const times = all('dns.time').map(Number);
  return {
    ...streamTexts(rows),
    table: tableRows(table),
    dnsCodes: tally(all('dns.flags.rcode').map((code) => codeNames[Number(code)] ?? code)),
    dnsTimes: timesText(times.length, Math.min(...times), Math.max(...times)),
    serverNames: tally(all('tls.handshake.extensions_server_name')),
    versions: tally(
      rows
        .filter((row) => row['tls.handshake.type'].split(',').includes('2'))
        .map((row) => row['tls.handshake.extensions.supported_version'] || row['tls.handshake.version'])
        .map((version) => versionNames[version] ?? version),
    ),
    alerts: tally(all('tls.alert_message.desc').map((alert) => alertNames[alert] ?? alert)),
    statuses: tally(all('http.response.code')),
    requests: all('http.request.method').length,
  };
}

const codeNames = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];
const versionNames: Readonly<Record<string, string>> = { '0x0303': 'TLS 1.2', '0x0304': 'TLS 1.3' };
const alertNames: Readonly<Record<string, string>> = {
  40: 'handshake_failure',
  48: 'unknown_ca',
  70: 'protocol_version',
};

function timesText(count: number, least: number, most: number): string {
  return count === 0 ? '0' : `${count} ${least.toFixed(9)} ${most.toFixed(9)}`;
}

function tally(values: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([value, count]) => `${value} ${count}`).toSorted();
}

interface Stream {
  readonly ends: readonly [string, string];
  readonly first: number;
  last: number;
  readonly sent: Record<string, [number, number]>;
  readonly counts: [number, number, number, number];
  roundTrip: string;
}

function streamTexts(rows: readonly Row[]): Pick<Facts, 'tcp' | 'handshakes'> {
  const streams = new Map<string, Stream>();
  for (const row of rows) {
    const number = row['tcp.stream'];
    if (number === '') continue;
    const time = Number(row['frame.time_relative']);
    const source = `${row['ip.src'] || row['ipv6.src']}:${row['tcp.srcport']}`;
    const destination = `${row['ip.dst'] || row['ipv6.dst']}:${row['tcp.dstport']}`;
    const stream = streams.get(number) ?? {
      ends: [source, destination],
      first: time,
      last: time,
      sent: {},
      counts: [0, 0, 0, 0],
      roundTrip: '',
    };
    streams.set(number, stream);
    stream.last = time;
    const sent = (stream.sent[source] ??= [0, 0]);
    sent[0] += 1;
    sent[1] += Number(row['frame.len']);
    const marks = ['tcp.analysis.retransmission', 'tcp.analysis.out_of_order', 'tcp.analysis.zero_window'] as const;
    for (const [index, mark] of marks.entries()) if (row[mark] !== '') stream.counts[index as 0] += 1;
    if (row['tcp.flags.reset'] === '1') stream.counts[3] += 1;
    if (stream.roundTrip === '') stream.roundTrip = row['tcp.analysis.initial_rtt'];
  }
  const all = [...streams.values()];
  return {
    tcp: all
      .map(({ ends, first, last, sent, counts }) =>
        streamText(
          ends.map((end) => [end, sent[end]?.[0] ?? 0, sent[end]?.[1] ?? 0] as const),
          first,
          last - first,
          counts,
        ),
      )
      .toSorted(),
    handshakes: new Map(all.map(({ ends, first, roundTrip }) => [keyText(ends, first), roundTrip])),
  };
}

function keyText(ends: readonly string[], start: number): string {
  return `${start.toFixed(9)} ${ends.toSorted().join(' ')}`;
}

function streamText(
  ends: readonly (readonly [string, number, number])[],
  start: number,
  seconds: number,
  [retransmissions, outOfOrder, zeroWindows, resets]: readonly [number, number, number, number],
): string {
  const sides = ends.map(([end, packets, bytes]) => `${end} ${packets}/${bytes}`).toSorted();
  const counts = `retransmissions ${retransmissions} disorder ${outOfOrder} zero ${zeroWindows} resets ${resets}`;
  return `${start.toFixed(9)} +${seconds.toFixed(6)} ${sides.join(' ')} ${counts}`;
}

/** `A <-> B  FRAMES BYTES …`, with the ends in order; large numbers of bytes are in kB there. */
function tableRows(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.includes('<->'))
    .map((line) => {
      const [a = '', b = '', toA, bytesToA, fromA, bytesFromA, , , start] = line
        .replaceAll(/(\d+) (bytes|kB|MB)/g, '$1$2')
        .split(/\s+<->\s+|\s+/);
      return rowText([a, `${fromA}/${bytesFromA}`], [b, `${toA}/${bytesToA}`], start ?? '');
    })
    .toSorted();
}

function rowText(one: readonly string[], other: readonly string[], start: string): string {
  return `${start} ${[one.join(' '), other.join(' ')].toSorted().join(' ')}`;
}

/** As tshark writes a size: from 10,000 bytes on in kB, cut off. */
function sizeText(bytes: number): string {
  return bytes < 10_000
    ? `${bytes}bytes`
    : bytes < 10_000_000
      ? `${Math.floor(bytes / 1000)}kB`
      : `${Math.floor(bytes / 1e6)}MB`;
}

/** By this program. */
export function ourFacts(summary: Summary): Facts {
  const connections = summary.conversations.list.filter(({ protocol }) => protocol === 'tcp');
  const { times } = summary.dns;
  return {
    tcp: connections.map(connectionText).toSorted(),
    handshakes: new Map(
      connections.map(({ client, server, start, tcp }) => [
        keyText([`${client.address}:${client.port}`, `${server.address}:${server.port}`], start),
        tcp?.handshake?.toFixed(9) ?? '',
      ]),
    ),
    table: connections
      .map(({ client, server, fromClient, fromServer, start }) =>
        rowText(
          [`${client.address}:${client.port}`, `${fromClient.packets}/${sizeText(fromClient.bytes)}`],
          [`${server.address}:${server.port}`, `${fromServer.packets}/${sizeText(fromServer.bytes)}`],
          start.toFixed(9),
        ),
      )
      .toSorted(),
    dnsCodes: countedTexts(summary.dns.codes),
    dnsTimes: timesText(times?.count ?? 0, times?.least ?? 0, times?.most ?? 0),
    serverNames: countedTexts(summary.tls.serverNames),
    versions: countedTexts(summary.tls.versions),
    alerts: countedTexts(summary.tls.alerts),
    statuses: countedTexts(summary.http.statuses),
    requests: summary.http.requests,
  };
}

function countedTexts(counted: readonly Counted[]): string[] {
  return counted.map(({ what, count }) => `${what} ${count}`).toSorted();
}

function connectionText({ client, server, fromClient, fromServer, start, seconds, tcp }: ConversationSummary): string {
  return streamText(
    [
      [`${client.address}:${client.port}`, fromClient.packets, fromClient.bytes],
      [`${server.address}:${server.port}`, fromServer.packets, fromServer.bytes],
    ],
    start,
    seconds,
    [tcp?.retransmissions ?? 0, tcp?.outOfOrder ?? 0, tcp?.zeroWindows ?? 0, tcp?.resets ?? 0],
  );
}
