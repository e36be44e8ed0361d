import { describe, expect, test } from 'vitest';
import { createHeldBytes } from '../../../src/summary/heldBytes.ts';
import { createOpenQueries } from '../../../src/summary/openQueries.ts';
import type { Amount, Summary } from '../../../src/summary/summary.ts';
import { interfaceBlock, optionBytes, packetBlock, sectionBlock, block } from '../../support/pcapng/captureBytes.ts';
import { captureOf, createConnection, dnsOverUdp, resets, retransmissions } from '../../support/summary/captures.ts';
import { clientFrames } from '../../support/summary/manyClients.ts';
import type { TimedFrame } from '../../support/summary/randomTcp.ts';
import { summaryOf } from '../../support/summary/read.ts';
import { trafficFile } from '../../support/summary/traffic.ts';

/** Whole numbers, which must not depend on how much is kept. */
function totalsOf({ packets, bytes, protocols, tcp, dns, tls, http }: Summary): unknown {
  return {
    packets,
    bytes,
    protocols,
    tcp,
    tls: tls.connections,
    dns: [dns.queries, dns.repeated, dns.responses, dns.codes, dns.times],
    http: [http.requests, http.responses, http.methods, http.statuses, http.times],
  };
}

function sumOf(...amounts: readonly Amount[]): Amount {
  return amounts.reduce((sum, one) => ({ packets: sum.packets + one.packets, bytes: sum.bytes + one.bytes }), {
    packets: 0,
    bytes: 0,
  });
}

/** Each list with its others is the whole capture. */
function expectWhole({
  packets,
  bytes,
  conversations,
  talkers,
  pairs,
  troubled,
  others,
  dns,
  http,
  icmpErrors,
}: Summary): void {
  const whole = { packets, bytes };
  expect(sumOf(...conversations.list.flatMap((one) => [one.fromClient, one.fromServer]), conversations.others)).toEqual(
    whole,
  );
  expect(sumOf(...talkers.map(({ sent }) => sent), others.talkers.sent)).toEqual(whole);
  expect(sumOf(...talkers.map(({ received }) => received), others.talkers.received)).toEqual(whole);
  expect(sumOf(...pairs, others.pairs)).toEqual(whole);
  const conversationsOfPairs = pairs.reduce((sum, one) => sum + one.conversations, others.pairs.conversations);
  expect(conversationsOfPairs).toBe(conversations.list.length + conversations.others.conversations);
  const failed = dns.codes.filter(({ what }) => what !== 'NOERROR').reduce((sum, { count }) => sum + count, 0);
  expect(dns.failures.reduce((sum, { count }) => sum + count, others.dnsFailures)).toBe(failed);
  expect(dns.servers.reduce((sum, { times }) => sum + times.count, others.dnsTimes)).toBe(dns.times?.count ?? 0);
  expect(http.servers.reduce((sum, { times }) => sum + times.count, others.httpTimes)).toBe(http.times?.count ?? 0);
  expect(troubled.length + others.troubled).toBeGreaterThanOrEqual(troubled.length);
  expect(icmpErrors.length).toBeLessThanOrEqual(1000);
}

/** @param answered whether there is a server */
function comeOnce(clients: number, answered: boolean): TimedFrame[] {
  return Array.from({ length: clients }, (_, index) => clientFrames(answered ? 'once' : 'unanswered', index)).flat();
}

const few = { conversations: 400, addresses: 1000 };

describe('what is kept is bounded, and what is counted is not', () => {
  test.each([
    ['clients that come once', captureOf(comeOnce(3000, true))],
    ['clients that nobody answers', captureOf(comeOnce(3000, false))],
    [
      'connections that run at the same time',
      Buffer.concat([...trafficFile({ bytes: 2e7, parallel: 20, loss: 0.02 })]),
    ],
    ['a bit of everything', captureOf([...retransmissions(), ...resets(), ...dnsOverUdp(), ...comeOnce(500, true)])],
  ])('%s: the totals are those of a counter that keeps all', (_, bytes) => {
    const [all, bounded] = [summaryOf([[bytes]], { conversations: 1e5, addresses: 1e5 }), summaryOf([[bytes]], few)];
    expect(totalsOf(bounded)).toEqual(totalsOf(all));
    expect(all.conversations.others.conversations).toBe(0);
    expect(bounded.conversations.list.length).toBeLessThanOrEqual(few.conversations);
    expect(bounded.talkers.length).toBeLessThanOrEqual(few.addresses);
    for (const summary of [all, bounded, summaryOf([[bytes]], few, 5)]) expectWhole(summary);
  });

  test('an address with many bytes stays, with its name, when others are forgotten', () => {
    const { frames, send, open } = createConnection();
    open();
    send('server', { flags: 'PA', data: new Uint8Array(5000) });
    const named = block(
      true,
      4,
      optionBytes(true, [{ code: 1, value: Buffer.concat([Uint8Array.of(10, 1, 0, 5), Buffer.from('shop/web-1\0')]) }]),
      [4, 0],
    );
    const head = Buffer.concat([sectionBlock(true), interfaceBlock(true, 1, 0), named]);
    const packets = [...frames, ...comeOnce(2000, false), ...frames.slice(-1)].map(({ frame }, index) =>
      packetBlock(true, 0, BigInt(index), frame),
    );
    const { talkers, others } = summaryOf([[Buffer.concat([head, ...packets])]], few);
    const web = talkers.filter(({ address }) => address === '10.1.0.5');
    expect(web).toMatchObject([{ name: 'shop/web-1', received: { packets: 3 } }]);
    expect(talkers.length + others.talkers.addresses).toBe(2002);
  });

  test('an address that was forgotten and comes again is found, and no other one is', () => {
    const frames = [...comeOnce(2000, false), ...comeOnce(2000, false)];
    const { talkers } = summaryOf([[captureOf(frames)]], few);
    expect(new Set(talkers.map(({ address }) => address)).size).toBe(talkers.length);
  });

  test('beginnings of messages hold no more than their room: the oldest are given up', () => {
    const held = createHeldBytes(1000);
    const [first, second] = [{ have: 0 }, { have: 0 }];
    const bytes = new Uint8Array(600).fill(7);
    expect(held.add(first, bytes, 0, 300)).toEqual(bytes.subarray(0, 300));
    expect(held.add(first, bytes, 300, 400)).toEqual(bytes.subarray(0, 400));
    expect(held.add(second, bytes, 0, 600)).toEqual(bytes);
    expect(held.add(first, bytes, 400, 500)).toBeUndefined();
    held.drop(second);
    held.drop(first);
    expect(held.add(first, bytes, 0, 600)).toEqual(bytes);
  });

  test('queries without an answer are forgotten, the oldest first', () => {
    const open = createOpenQueries();
    const [one, other] = [open.newAsker(), open.newAsker()];
    for (let id = 0; id < 70_000; id += 1) open.add(id < 65_536 ? one : other, id & 0xffff, id);
    expect([open.timeOf(one, 3), open.timeOf(one, 65_535), open.timeOf(other, 3)]).toEqual([undefined, 65_535, 65_539]);
    open.remove(other, 3);
    expect(open.timeOf(other, 3)).toBeUndefined();
  });
});
