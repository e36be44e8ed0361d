import type { Program } from './captures.ts';
import type { Ceiling } from './search.ts';
import type { Kind } from './traffic.ts';

/** `resources.limits.cpu` of the sidecar, in cores. */
export const limits = [0.1, 0.25, 0.5, 1] as const;
export const kinds: readonly NamedKind[] = [
  { name: 'UDP of 64 bytes', protocol: 'udp', size: 64 },
  { name: 'UDP of 1400 bytes', protocol: 'udp', size: 1400 },
  { name: 'TCP, writes of 1400 bytes', protocol: 'tcp', size: 1400 },
];

export interface NamedKind extends Kind {
  readonly name: string;
}

/** One kind and limit: what each of the programs stores without a loss. */
export interface Cell {
  readonly kind: NamedKind;
  readonly cores: number;
  readonly ceilings: Readonly<Record<Program, Ceiling>>;
}
