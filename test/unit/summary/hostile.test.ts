import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf, interfaceBlock, packetBlock, sectionBlock } from '../../support/pcapng/captureBytes.ts';
import {
  captureOf,
  createConnection,
  dnsOverUdp,
  linkHeaders,
  retransmissions,
} from '../../support/summary/captures.ts';
import { summaryOf } from '../../support/summary/read.ts';

const linkTypes = fc.constantFrom(0, 1, 12, 14, 101, 108, 113, 228, 229, 276, 105);

function fileOf(linkType: number, packets: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([
    sectionBlock(true),
    interfaceBlock(true, linkType, 0, [{ code: 2, value: 'eth0' }]),
    ...packets.map((data, index) => packetBlock(true, 0, BigInt(index), data, data.length + (index % 3) * 50)),
  ]);
}

describe('whatever others have sent', () => {
  test('random bytes are counted, and nothing is thrown', () => {
    fc.assert(
      fc.property(linkTypes, fc.array(fc.uint8Array({ maxLength: 120 }), { maxLength: 20 }), (linkType, packets) => {
        const { packets: count, protocols } = summaryOf([[fileOf(linkType, packets)]]);
        expect(count).toBe(packets.length);
        expect(protocols.reduce((sum, one) => sum + one.packets, 0)).toBe(packets.length);
      }),
      { numRuns: 500 },
    );
  });

  const application = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(
        fc.constantFrom(
          'GET / HTTP/1.1\r\n',
          'HTTP/1.1 200 OK\r\n',
          'Transfer-Encoding: chunked\r\n\r\n',
          '5\r\n',
          '\r\n',
        ),
        fc.string(),
      )
      .map(([head, rest]) => Buffer.from(head + rest)),
    fc
      .tuple(fc.constantFrom(20, 21, 22, 23), fc.nat({ max: 300 }), fc.uint8Array({ maxLength: 200 }))
      .map(([type, length, rest]) => Buffer.concat([Uint8Array.of(type, 3, 3), bytesOf(false, [2, length]), rest])),
  );

  test('random data of HTTP, TLS and DNS in connections is counted, and nothing is thrown', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(53, 80, 443),
        fc.array(fc.tuple(fc.boolean(), application, fc.integer({ min: -50, max: 50 })), { maxLength: 20 }),
        (port, said) => {
          const { frames, send, open } = createConnection(40_000, port);
          open();
          for (const [fromClient, data, back] of said) send(fromClient ? 'client' : 'server', { data, back });
          expect(summaryOf([[captureOf(frames)]]).packets).toBe(frames.length);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('a good capture with a changed byte, or cut anywhere in each packet, is counted', () => {
    const frames = [...retransmissions(), ...dnsOverUdp()].map(({ frame }) => frame);
    const packets = [...linkHeaders().values()].flatMap(({ linkType, frames: some }) =>
      some.map(({ frame }) => [linkType, frame] as const),
    );
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat({ max: 255 }), fc.nat(), (which, place, value, end) => {
        const [linkType, frame] = [...frames.map((one) => [1, one] as const), ...packets][
          which % (frames.length + packets.length)
        ] ?? [1, new Uint8Array(0)];
        const changed = frame.slice(0, end % (frame.length + 1));
        changed[place % Math.max(1, changed.length)] = value;
        expect(summaryOf([[fileOf(linkType, [changed])]]).packets).toBe(1);
      }),
      { numRuns: 2000 },
    );
  });

  test('a time that is no time in the calendar does not end in an error', () => {
    const bytes = Buffer.concat([
      sectionBlock(true),
      interfaceBlock(true, 1, 0, [{ code: 9, value: Uint8Array.of(0) }]),
      packetBlock(true, 0, 2n ** 63n, Uint8Array.of(1)),
    ]);
    expect(summaryOf([[bytes]]).from).toBe('unknown');
  });
});
