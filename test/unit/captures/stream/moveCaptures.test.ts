import { expect, test } from 'vitest';
import type { CapturedPod } from '../../../../src/captures/index.ts';
import type { CaptureOrder, OrderAnswer } from '../../../../src/captures/stream/captureOrders.ts';
import { moveCaptures, type Steered } from '../../../../src/captures/stream/moveCaptures.ts';
import type { StreamEvent } from '../../../../src/captures/stream/streamEvents.ts';

const before = { interfaces: 'eth0', snaplen: '0', filter: 'tcp' };
const after = { ...before, filter: 'udp' };

function steered(name: string, answer: OrderAnswer, begun = true): Steered & { readonly orders: CaptureOrder[] } {
  const orders: CaptureOrder[] = [];
  return {
    pod: { namespace: 'shop', name, uid: name } as CapturedPod,
    capture: before,
    begun,
    orders,
    change: async (order) => {
      orders.push(order);
      return answer;
    },
  };
}

const done = { type: 'done' } as const;
const refused = { type: 'refused', reason: 'must stay as the release has it' } as const;
const unanswered = { type: 'unanswered' } as const;

async function move(captures: readonly Steered[]): Promise<{ result: unknown; events: string[] }> {
  const events: string[] = [];
  const onEvent = (event: StreamEvent): void => {
    if (event.type === 'refused') events.push(`${event.pod.name} ${event.kept ? 'kept' : 'alone'}: ${event.reason}`);
  };
  return { result: await moveCaptures(captures, () => after, onEvent), events };
}

test('captures are moved where the agent answers; the others keep what they have, or are to be started again', async () => {
  const [yes, no, old, starting] = [
    steered('yes', done),
    steered('no', refused),
    steered('old', unanswered),
    steered('starting', done, false),
  ];
  const { result, events } = await move([yes, no, old, starting]);
  expect(result).toEqual({ pods: 1, restarted: 1 });
  expect(events).toEqual(['no alone: must stay as the release has it']);
  expect(yes.orders).toEqual([{ filter: 'udp', snaplen: '0' }]);
  expect(starting.orders).toEqual([]);
  expect([yes, no, old, starting].map(({ capture }) => capture.filter)).toEqual(['udp', 'tcp', 'tcp', 'tcp']);
  expect([no.refused, old.refused]).toEqual([after, undefined]);
});

test('when all refuse, nothing is changed, and the reason is told once', async () => {
  const captures = [steered('one', refused), steered('two', refused)];
  const { result, events } = await move(captures);
  expect(result).toBeUndefined();
  expect(events).toEqual(['one kept: must stay as the release has it']);
  expect(captures.map((one) => [one.capture, one.refused])).toEqual([
    [before, undefined],
    [before, undefined],
  ]);
});

test('a capture that has the settings already is not asked, and other interfaces need a new start', async () => {
  const same = steered('same', done);
  same.capture = after;
  const other = steered('other', done);
  other.capture = { ...before, interfaces: 'lo' };
  expect((await move([same, other])).result).toEqual({ pods: 1, restarted: 1 });
  expect([same.orders, other.orders]).toEqual([[], []]);
});

test('without a capture the settings are those of the next one', async () => {
  expect((await move([])).result).toEqual({ pods: 0, restarted: 0 });
});
