import type { Frame } from './frame.ts';
import { octet } from './octets.ts';

/** Of ICMP (IANA, ICMP Type Numbers): type, and the codes that say what happened. */
const errors4: Readonly<Record<number, string>> = {
  3: 'unreachable',
  4: 'source quench',
  5: 'redirect',
  11: 'time exceeded',
  12: 'parameter problem',
};

const unreachable4: Readonly<Record<number, string>> = {
  0: 'network unreachable',
  1: 'host unreachable',
  2: 'protocol unreachable',
  3: 'port unreachable',
  4: 'fragmentation needed',
  9: 'network prohibited',
  10: 'host prohibited',
  13: 'communication prohibited',
};

const errors6: Readonly<Record<number, string>> = {
  1: 'unreachable',
  2: 'packet too big',
  3: 'time exceeded',
  4: 'parameter problem',
};

const unreachable6: Readonly<Record<number, string>> = {
  0: 'no route',
  1: 'communication prohibited',
  3: 'address unreachable',
  4: 'port unreachable',
};

/** What an ICMP message reports; undefined for one that reports no error. */
export function icmpError({ bytes, payload, end, version }: Frame): string | undefined {
  if (end < payload + 2) return undefined;
  const type = octet(bytes, payload);
  const code = octet(bytes, payload + 1);
  if (version === 4) return type === 3 ? (unreachable4[code] ?? errors4[type]) : errors4[type];
  return type === 1 ? (unreachable6[code] ?? errors6[type]) : errors6[type];
}
