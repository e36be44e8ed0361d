import { afterEach, expect, test, vi } from 'vitest';
import { createCaptureOrders } from '../../../../src/captures/stream/captureOrders.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('answers belong to the orders in their order, and counters are summed up', async () => {
  const dropped: number[] = [];
  const written: string[] = [];
  const orders = createCaptureOrders((sum) => dropped.push(sum));
  const write = (line: string): void => void written.push(line);
  const answers = [orders.send({ filter: 'udp' }, write), orders.send({ snaplen: '96' }, write)];
  orders.ask(write);
  expect(written).toEqual(['{"filter":"udp"}\n', '{"snaplen":"96"}\n', '{}\n']);
  const lines = Buffer.from(
    [
      'Warning: a line of kubectl',
      '{"counts":[{"interface":"eth0","packets":5,"dropped":2},{"interface":"lo","packets":1,"dropped":1}]}',
      '{"interface":"eth0","packets":9,"dropped":3}',
      '{"refused":{"setting":"snaplen","reason":"must stay as the release has it"},"counts":null}',
      '{"counts":[]}',
      '',
    ].join('\n'),
  );
  orders.read(lines.subarray(0, 70));
  orders.read(lines.subarray(70));
  expect(await Promise.all(answers)).toEqual([
    { type: 'done' },
    { type: 'refused', reason: 'must stay as the release has it' },
  ]);
  expect(dropped).toEqual([3]);
});

test('an agent that does not answer is asked nothing more, until it does', async () => {
  vi.useFakeTimers();
  const written: string[] = [];
  const orders = createCaptureOrders(() => undefined);
  const write = (line: string): void => void written.push(line);
  const first = orders.send({ filter: 'udp' }, write);
  await vi.advanceTimersByTimeAsync(3000);
  expect(await first).toEqual({ type: 'unanswered' });
  expect(await orders.send({ filter: 'tcp' }, write)).toEqual({ type: 'unanswered' });
  orders.ask(write);
  expect(written).toEqual(['{"filter":"udp"}\n', '\n']);
  // It was just late.
  orders.read(Buffer.from('{"counts":[]}\n'));
  const second = orders.send({ filter: 'tcp' }, write);
  orders.read(Buffer.from('{"counts":[]}\n'));
  expect(await second).toEqual({ type: 'done' });
});

test('what is open when the capture ends is unanswered', async () => {
  const orders = createCaptureOrders(() => undefined);
  const open = orders.send({ filter: 'udp' }, () => undefined);
  orders.end();
  expect(await open).toEqual({ type: 'unanswered' });
  expect(await orders.send({ filter: 'udp' }, () => undefined)).toEqual({ type: 'unanswered' });
});
