import type { Flood } from './flood.ts';
import { mebibyte } from './floodBodies.ts';

/** An attack, and how it is carried out. */
export interface NamedAttack {
  readonly name: string;
  readonly processes?: number;
  /** It goes on for so long once all is sent. */
  readonly heldMs?: number;
  readonly flood: Omit<Flood, 'port' | 'ca'>;
}

/** Not where the reviews come from: every pod has its own address. */
const from = '127.0.0.2';
const none = { from, bodies: [], bytes: 0 } as const;

/** What one pod of a cluster can do to an injector without any credentials; `scale` 1 is the whole of it. */
export function attacksOf(scale: number): readonly NamedAttack[] {
  const some = (count: number): number => Math.max(1, Math.round(count * scale));
  return [
    {
      name: 'one body of 7 MiB: empty objects',
      flood: { from, how: 'send', bodies: ['objects'], bytes: 7 * mebibyte, count: 1, atOnce: 1 },
    },
    {
      name: 'one body of 7 MiB: lists in lists',
      flood: { from, how: 'send', bodies: ['nested', 'unclosed'], bytes: 7 * mebibyte, count: 2, atOnce: 1 },
    },
    {
      name: 'one body of 7 MiB: keys',
      flood: { from, how: 'send', bodies: ['keys'], bytes: 7 * mebibyte, count: 1, atOnce: 1 },
    },
    {
      name: 'ten bodies of 3 MiB at once',
      flood: { from, how: 'send', bodies: ['objects'], bytes: 3 * mebibyte, count: 10, atOnce: 10 },
    },
    {
      name: 'nested and wide bodies, ten at once',
      flood: {
        from,
        how: 'send',
        bodies: ['nested', 'keys', 'numbers', 'containers', 'text'],
        bytes: 3.9 * mebibyte,
        count: some(200),
        atOnce: 10,
      },
    },
    {
      name: 'bodies with as many values as are parsed',
      flood: {
        from,
        how: 'send',
        bodies: ['objects', 'keys', 'numbers', 'containers'],
        bytes: 190_000,
        count: some(600),
        atOnce: 30,
      },
    },
    {
      name: '100 bodies, held before their last byte',
      flood: {
        from,
        how: 'hold',
        bodies: ['text', 'keys'],
        bytes: Math.round(3.9 * mebibyte),
        count: some(100),
        atOnce: some(100),
      },
      heldMs: 2000 * scale,
    },
    {
      name: 'bodies, a TLS record for each byte',
      flood: { from, how: 'crumbs', bodies: ['text'], bytes: mebibyte, count: some(20), atOnce: some(20) },
    },
    {
      name: 'answers that nobody reads',
      flood: { ...none, how: 'unread', count: some(600), atOnce: some(100) },
      heldMs: 1000 * scale,
    },
    {
      name: '10,000 connections without a handshake',
      flood: { ...none, how: 'silent', count: some(10_000), atOnce: some(500) },
      processes: 2,
      heldMs: 1000 * scale,
    },
    {
      name: '10,000 idle TLS connections',
      flood: { ...none, how: 'idle', count: some(10_000), atOnce: some(200) },
      processes: 2,
      heldMs: 1000 * scale,
    },
  ];
}
