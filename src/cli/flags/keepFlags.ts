import type { PodFlags } from './podFlags.ts';
import type { WindowFlags } from './windowFlags.ts';

/** The flags of `keep`. */
export interface KeepFlags extends PodFlags, WindowFlags {
  readonly and: string;
  readonly reason?: string;
  readonly watch?: boolean;
  readonly pause: string;
  readonly dryRun?: boolean;
  readonly wait: 'true' | 'false';
  readonly timeout: string;
  readonly output?: 'json';
}
