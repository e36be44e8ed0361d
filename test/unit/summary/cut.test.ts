import { expect, test } from 'vitest';
import { bytesOf } from '../../support/pcapng/captureBytes.ts';
import { captureOf, createConnection } from '../../support/summary/captures.ts';
import { dnsBytes } from '../../support/summary/frames.ts';
import { clientFrames } from '../../support/summary/manyClients.ts';
import { summaryOf } from '../../support/summary/read.ts';

/** A ServerHello of TLS 1.3, which calls itself 1.2 in its old field. */
const serverHello = ((): Uint8Array => {
  const extensions = bytesOf(false, [2, 51], [2, 4], [4, 0x001d_0000], [2, 43], [2, 2], [2, 0x0304]);
  const body = bytesOf(
    false,
    [2, 0x0303],
    new Uint8Array(32),
    [1, 0],
    [2, 0x1301],
    [1, 0],
    [2, extensions.length],
    extensions,
  );
  const message = bytesOf(false, [1, 2], [1, 0], [2, body.length], body);
  return bytesOf(false, [2, 0x1603], [1, 3], [2, message.length], message);
})();

test('of a ServerHello that was cut, the version is unknown, not 1.2', () => {
  const { frames, send, open } = createConnection(40_000, 443);
  open();
  send('server', { flags: 'PA', data: serverHello });
  const whole = summaryOf([[captureOf(frames)]]).tls;
  expect(whole.versions).toEqual([{ what: 'TLS 1.3', count: 1 }]);
  const cuts = serverHello.length - 1;
  for (let kept = 6; kept <= cuts; kept += 1)
    expect([kept, summaryOf([[captureOf(frames, 54 + kept)]]).tls.versions]).toEqual([kept, []]);
});

test('messages of DNS over TCP whose ends were not captured are counted by their beginnings', () => {
  const { frames, send, open } = createConnection(40_000, 53);
  open();
  for (const [id, code] of [0, 3, 2].entries()) {
    for (const response of [false, true]) {
      const message = dnsBytes({ id, name: 'a-long-name.shop.example', response, code: response ? code : 0 });
      send(response ? 'server' : 'client', { flags: 'PA', data: bytesOf(false, [2, message.length], message) });
    }
  }
  const whole = summaryOf([[captureOf(frames)]]).dns;
  const { queries, responses, codes, times, failures } = summaryOf([[captureOf(frames, 54 + 2 + 8)]]).dns;
  expect({ queries, responses, codes, times }).toEqual({
    queries: 3,
    responses: 3,
    codes: whole.codes,
    times: whole.times,
  });
  expect(failures.map(({ name }) => name)).toEqual(['', '']);
});

test('a beginning is not given up for those of connections that are not kept any more', () => {
  const { frames, send, open } = createConnection();
  open();
  const request = Buffer.from('GET /slow HTTP/1.1\r\nHost: shop.example\r\n\r\n');
  // A first request, whose response makes this the connection with the most bytes: it stays.
  send('client', { flags: 'PA', data: request });
  send('server', { data: Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n${'x'.repeat(9000)}`) });
  send('client', { flags: 'PA', data: request.subarray(0, 20) });
  const beginning = frames.splice(0);
  send('client', { flags: 'PA', data: request.subarray(20) });
  // 5 MB of beginnings; there is room for 4 MiB.
  const others = Array.from({ length: 5000 }, (_, index) => clientFrames('longBeginning', index)).flat();
  const bytes = captureOf([...beginning, ...others, ...frames]);
  const { http } = summaryOf([[bytes]], { conversations: 400, addresses: 10_000 });
  expect(http.requests).toBe(2);
});
