import type { KubectlProcess } from '../../kubernetes/kubectl.ts';

/** Well within the half minute of `send`. */
const aliveEvery = 5000;
/** The checksum of a large file takes its time in a container with little CPU. */
const patience = 180_000;

export interface Connection {
  /** Something came: it is alive. */
  readonly heard: () => void;
  readonly close: () => void;
}

/**
 * Lets the command in the pod know that somebody is there, by its standard input, and ends it when it says nothing for
 * long.
 */
export function keepConnection({ stdin, kill }: KubectlProcess): Connection {
  // It may be gone at any moment.
  stdin?.on('error', () => undefined);
  const alive = setInterval(() => stdin?.write('\n'), aliveEvery);
  const silence = setTimeout(kill, patience);
  return {
    heard: () => void silence.refresh(),
    close: () => {
      clearInterval(alive);
      clearTimeout(silence);
    },
  };
}
