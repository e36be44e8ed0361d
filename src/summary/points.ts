import type { CaptureInterface } from '../pcapng/index.ts';

/**
 * Where packets were captured. In a capture of several pods, a packet from one to the other was seen twice; each
 * conversation counts where it was seen first.
 */
export interface Points {
  /** The number of an interface's place: the same in all files for the same name and description. */
  numberOf(captured: CaptureInterface): number;
  /** Another file begins: what has no name there is another place. */
  nextFile(): void;
}

/** No points yet. Interfaces with the same name and description get the same number. */
export function createPoints(): Points {
  const byName = new Map<string, number>();
  const known = new WeakMap<CaptureInterface, number>();
  let lastSeen: CaptureInterface | undefined;
  let lastNumber = 0;
  let file = 0;
  return {
    nextFile() {
      file += 1;
    },
    numberOf(captured) {
      if (captured === lastSeen) return lastNumber;
      const number = known.get(captured) ?? numberByName(byName, captured, file);
      known.set(captured, number);
      lastSeen = captured;
      lastNumber = number;
      return number;
    },
  };
}

function numberByName(byName: Map<string, number>, { name, description }: CaptureInterface, file: number): number {
  const key = name === undefined ? `${file}` : `${name}\n${description ?? ''}`;
  const number = byName.get(key) ?? byName.size;
  byName.set(key, number);
  return number;
}
