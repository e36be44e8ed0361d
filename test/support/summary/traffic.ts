import { interfaceBlock, packetBlock, sectionBlock } from '../pcapng/captureBytes.ts';
import {
  dnsBytes,
  ethernetFrame,
  ipv4Packet,
  protocolNumbers,
  tcpFrame,
  udpDatagram,
  type TcpFields,
} from './frames.ts';

/** How much traffic, and of what kind. */
export interface TrafficOptions {
  /** About so many bytes of the file. */
  readonly bytes: number;
  readonly seed?: number;
  /** Connections at a time. */
  readonly parallel?: number;
  /** Share of segments that are lost behind the capture and sent again. */
  readonly loss?: number;
}

/** Numbers from 0 to 1, the same for a seed (Numerical Recipes' generator). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const mss = 1448;

/**
 * A capture as of a busy pod: connections that begin with a question to DNS, carry requests of HTTP/1 with responses of
 * some kilobytes, lose a segment now and then, and end, all of them. Pieces of some 1 MB; the same for a seed.
 */
export function* trafficFile({ bytes, seed = 1, parallel = 64, loss = 0.002 }: TrafficOptions): Generator<Uint8Array> {
  const random = randomNumbers(seed);
  const body = Buffer.alloc(64 * mss, 'the body of a response, which is long, ');
  const running: Generator<Uint8Array>[] = [];
  let made = 0;
  let pieces: Uint8Array[] = [
    sectionBlock(true),
    interfaceBlock(true, 1, 0, [
      { code: 2, value: 'eth0' },
      { code: 9, value: Uint8Array.of(9) },
    ]),
  ];
  let time = 1_700_000_000_000_000_000n;
  let held = 0;
  let number = 0;
  for (;;) {
    const isFull = made + held >= bytes;
    if (isFull && running.length === 0) break;
    for (let missing = isFull ? 0 : parallel - running.length; missing > 0; missing -= 1) {
      running.push(connection(number, random, body, loss));
      number += 1;
    }
    const index = Math.floor(random() * running.length);
    const next = running[index]?.next();
    if (next === undefined || next.done === true) {
      running.splice(index, 1);
      continue;
    }
    time += BigInt(1000 + Math.floor(random() * 30_000));
    const block = packetBlock(true, 0, time, next.value);
    pieces.push(block);
    held += block.length;
    if (held > 1 << 20) {
      made += held;
      yield Buffer.concat(pieces);
      pieces = [];
      held = 0;
    }
  }
  yield Buffer.concat(pieces);
}

function* connection(number: number, random: () => number, body: Buffer, loss: number): Generator<Uint8Array> {
  const client = `10.1.${(number >> 8) & 0xff}.${number & 0xff}`;
  const server = `10.2.0.${Math.floor(random() * 20) + 1}`;
  const port = 32_768 + Math.floor(random() * 28_000);
  yield* lookUp(client, port, number, random);
  const ends = { source: client, sourcePort: port, destination: server, destinationPort: 80 };
  const back = { source: server, sourcePort: 80, destination: client, destinationPort: port };
  let up = Math.floor(random() * 2 ** 32);
  let down = Math.floor(random() * 2 ** 32);
  const from = (fields: Partial<TcpFields>): Uint8Array =>
    tcpFrame({ ...ends, sequence: up, ack: down, flags: 'A', ...fields });
  const to = (fields: Partial<TcpFields>): Uint8Array =>
    tcpFrame({ ...back, sequence: down, ack: up, flags: 'A', ...fields });
  yield from({ flags: 'S', ack: 0 });
  up += 1;
  yield to({ flags: 'SA' });
  down += 1;
  yield from({});
  for (let requests = 1 + Math.floor(random() * 5); requests > 0; requests -= 1) {
    const request = Buffer.from(`GET /item/${requests} HTTP/1.1\r\nHost: web.shop.svc\r\n\r\n`);
    yield from({ flags: 'PA', data: request });
    up += request.length;
    const length = Math.floor(random() * random() * 60 * mss);
    const status = random() < 0.02 ? '503 Service Unavailable' : '200 OK';
    const response = Buffer.concat([
      Buffer.from(`HTTP/1.1 ${status}\r\nContent-Length: ${length}\r\n\r\n`),
      body.subarray(0, length),
    ]);
    for (let at = 0; at < response.length; at += mss) {
      const data = response.subarray(at, at + mss);
      yield to({ flags: 'PA', data });
      if (random() < loss) yield to({ flags: 'PA', data });
      down += data.length;
      if ((at / mss) % 2 === 1) yield from({});
    }
    yield from({});
  }
  if (random() < 0.05) {
    yield to({ flags: 'RA', window: 0 });
    return;
  }
  yield from({ flags: 'FA' });
  up += 1;
  yield to({ flags: 'FA' });
  down += 1;
  yield from({});
}

function* lookUp(client: string, port: number, number: number, random: () => number): Generator<Uint8Array> {
  const name = random() < 0.05 ? `gone-${number % 50}.shop.svc.cluster.local` : 'web.shop.svc.cluster.local';
  const id = number & 0xffff;
  const code = name.startsWith('gone') ? 3 : 0;
  const send = (data: Uint8Array, out: boolean): Uint8Array =>
    ethernetFrame(
      ipv4Packet(
        out ? client : '10.96.0.10',
        out ? '10.96.0.10' : client,
        protocolNumbers.udp,
        udpDatagram(out ? port : 53, out ? 53 : port, data),
      ),
    );
  yield send(dnsBytes({ id, name }), true);
  yield send(dnsBytes({ id, name, response: true, code }), false);
}
