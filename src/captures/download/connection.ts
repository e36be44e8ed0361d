import type { KubectlProcess } from '../../kubernetes/kubectl.ts';

/** Milliseconds between two signs of life; `send` ends after half a minute without one. */
const aliveEvery = 5000;
/** Milliseconds to wait for output: the checksum of a large file is slow in a container with little CPU. */
const patience = 180_000;

/** A connection to a pod that is watched for silence. */
export interface Connection {
  /** Called when output arrives. */
  readonly heard: () => void;
  readonly close: () => void;
}

/** Sends signs of life to the command in the pod by its standard input, and ends it when it is silent for too long. */
export function keepConnection({ stdin, kill }: KubectlProcess): Connection {
  // The process may end at any moment.
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
