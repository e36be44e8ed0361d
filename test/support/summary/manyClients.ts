import { bytesOf, interfaceBlock, packetBlock, sectionBlock } from '../pcapng/captureBytes.ts';
import { dnsBytes, tcpFrame } from './frames.ts';
import type { TimedFrame } from './randomTcp.ts';

/** What clients do that each come once, from an address of their own. */
export type ClientKind = keyof typeof contents | 'unanswered';

/** What the client sends, and what the server answers. */
const contents = {
  /** A whole request and its response, then both ends close. */
  once: (index: number): readonly [Uint8Array, Uint8Array?] => [
    Buffer.from(`GET /${'x'.repeat(index % 9)} HTTP/1.1\r\n\r\n`),
    Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
  ],
  /** A few bytes of a request, whose rest never comes. */
  beginning: () => [Buffer.from('GET /a')],
  /** A long request whose end never comes. */
  longBeginning: () => [Buffer.from(`GET / HTTP/1.1\r\nCookie: ${'x'.repeat(1000)}`)],
  /** Many requests at once, which nobody answers. */
  pipelined: () => [Buffer.from('GET /a HTTP/1.1\r\n\r\n'.repeat(70))],
  /** A method that nobody knows, and a long head. */
  longMethod: (index: number) => [
    Buffer.from(`UNKNOWNMETHOD${String.fromCodePoint(65 + (index % 26))} / HTTP/1.1\r\nA: ${'x'.repeat(1380)}\r\n\r\n`),
  ],
  /** The first half of a ClientHello. */
  hello: () => [bytesOf(false, [2, 0x1603], [1, 1], [2, 1800], [1, 1], [1, 0], [2, 1796], new Uint8Array(600))],
  /** A query of DNS over TCP, whose rest never comes. */
  query: (index: number) => {
    const query = dnsBytes({ id: index & 0xffff, name: 'web.shop.svc.cluster.local' });
    return [bytesOf(false, [2, query.length], query.subarray(0, -1))];
  },
} satisfies Record<string, (index: number) => readonly [Uint8Array, Uint8Array?]>;

/** The packets of one client. @param index makes its address */
export function clientFrames(kind: ClientKind, index: number): TimedFrame[] {
  const client = `11.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  const port = kind === 'query' ? 53 : kind === 'hello' ? 443 : 80;
  const ends = { source: client, sourcePort: 40_000, destination: '10.2.0.7', destinationPort: port };
  const back = { source: '10.2.0.7', sourcePort: port, destination: client, destinationPort: 40_000 };
  const frames = [tcpFrame({ ...ends, sequence: 1, flags: 'S' })];
  if (kind !== 'unanswered') {
    const [request, response] = contents[kind](index);
    frames.push(
      tcpFrame({ ...back, sequence: 1, ack: 2, flags: 'SA' }),
      tcpFrame({ ...ends, sequence: 2, ack: 2, flags: 'A' }),
      tcpFrame({ ...ends, sequence: 2, ack: 2, flags: 'PA', data: request }),
    );
    if (response !== undefined)
      frames.push(
        tcpFrame({ ...back, sequence: 2, ack: 2 + request.length, flags: 'PA', data: response }),
        tcpFrame({ ...ends, sequence: 2 + request.length, ack: 2 + response.length, flags: 'FA' }),
        tcpFrame({ ...back, sequence: 2 + response.length, ack: 3 + request.length, flags: 'FA' }),
      );
  }
  return frames.map((frame) => ({ after: 10_000, frame }));
}

/** The capture of so many clients, one after the other, in pieces of some 1 MB. */
export function* clientsCapture(kind: ClientKind, clients: number): Generator<Uint8Array> {
  let pieces: Uint8Array[] = [sectionBlock(true), interfaceBlock(true, 1, 0, [{ code: 9, value: Uint8Array.of(9) }])];
  let [held, time] = [0, 1_700_000_000_000_000_000n];
  for (let index = 0; index < clients; index += 1) {
    for (const { after, frame } of clientFrames(kind, index)) {
      time += BigInt(after);
      const block = packetBlock(true, 0, time, frame);
      pieces.push(block);
      held += block.length;
    }
    if (held < 1 << 20) continue;
    yield Buffer.concat(pieces);
    [pieces, held] = [[], 0];
  }
  yield Buffer.concat(pieces);
}
