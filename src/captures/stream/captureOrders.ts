import { plainText } from '../../plainText.ts';
import { countOf, fieldsOf, itemsOf, parseJson, textOf } from '../../typed.ts';

/** What a running capture is told: an absent setting stays. */
export interface CaptureOrder {
  readonly filter?: string;
  readonly snaplen?: string;
}

/** How an order was answered. */
export type OrderAnswer =
  | { readonly type: 'done' }
  /** Nothing was changed. */
  | { readonly type: 'refused'; readonly reason: string }
  /** The agent is older than the orders, or does not answer in time. */
  | { readonly type: 'unanswered' };

/**
 * The orders of one running capture: lines of JSON to its standard input, which its agent answers with one line of
 * standard error each, in the same order. See agent/cmd/packet-capture-agent/steer.go.
 */
export interface CaptureOrders {
  /** Never rejects. @param write writes to the capture's standard input */
  readonly send: (order: CaptureOrder, write: (line: string) => void) => Promise<OrderAnswer>;
  /** Asks for the counters, unless the agent does not answer; then it is a sign of life alone. */
  readonly ask: (write: (line: string) => void) => void;
  /** Takes the capture's standard error. */
  readonly read: (bytes: Uint8Array) => void;
  /** Answers what is open with `unanswered`. */
  readonly end: () => void;
}

/** Milliseconds: the agent answers at once, except for a filter whose names it looks up. */
const answersWithin = 3000;

/** The most characters of a line; the agent is not trusted. */
const longestLine = 65_536;

/** @param onDropped gets the sum of the packets that the capture has dropped until now */
export function createCaptureOrders(onDropped: (dropped: number) => void): CaptureOrders {
  const open: ((answer: OrderAnswer) => void)[] = [];
  const decoder = new TextDecoder();
  let unread = '';
  let isSilent = false;
  let isOver = false;

  const send = async (order: CaptureOrder, write: (line: string) => void): Promise<OrderAnswer> => {
    if (isSilent || isOver) return { type: 'unanswered' };
    const answered = Promise.withResolvers<OrderAnswer>();
    const patience = setTimeout(() => {
      // A later answer belongs to this order all the same.
      isSilent = true;
      answered.resolve({ type: 'unanswered' });
    }, answersWithin);
    open.push(answered.resolve);
    write(`${JSON.stringify(order)}\n`);
    const answer = await answered.promise;
    clearTimeout(patience);
    return answer;
  };

  const take = (line: string): void => {
    const answer = line.startsWith('{') ? orderAnswer(line) : undefined;
    if (answer === undefined) return;
    isSilent = false;
    open.shift()?.(answer);
    const dropped = droppedOf(line);
    if (dropped !== undefined) onDropped(dropped);
  };

  return {
    send,
    ask: (write) => {
      if (isSilent || isOver) write('\n');
      else void send({}, write);
    },
    read: (bytes) => {
      const lines = `${unread}${decoder.decode(bytes, { stream: true })}`.split('\n');
      unread = (lines.pop() ?? '').slice(-longestLine);
      for (const line of lines) take(line);
    },
    end: () => {
      isOver = true;
      for (const answer of open.splice(0)) answer({ type: 'unanswered' });
    },
  };
}

/** Of a line `{"refused":{"setting":"filter","reason":"…"},"counts":[…]}`; undefined for any other line. Pure. */
function orderAnswer(line: string): OrderAnswer | undefined {
  const fields = fieldsOf(parseJson(line));
  if (!('counts' in fields)) return undefined;
  if (fields['refused'] === undefined) return { type: 'done' };
  return {
    type: 'refused',
    reason: plainText(textOf(fieldsOf(fields['refused'])['reason']) ?? 'it does not say why', 300),
  };
}

function droppedOf(line: string): number | undefined {
  const counts = itemsOf(fieldsOf(parseJson(line))['counts']).map((item) => countOf(fieldsOf(item)['dropped']) ?? 0);
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}
