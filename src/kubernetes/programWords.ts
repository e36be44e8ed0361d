import { plainLines } from '../plainText.ts';

/** Log lines of Kubernetes' client library, and warnings of the API server: not what a user waits for. */
const noise = /^(?:[EWIF]\d{4} \d\d:\d\d:\d\d\.\d+ |Warning: )/;

/** How long a program may be silent after its words before they are shown: those of a failure end with it at once. */
const showAfterMs = 250;

/** What a program says on standard error while it runs. */
export interface Words {
  readonly add: (bytes: Buffer) => void;
  /** To be called once at its end. @returns all its words, and those that nobody has seen yet */
  readonly end: () => { readonly all: string; readonly unseen: string };
}

/** Bytes that are kept of what a program says; the last ones. */
const kept = 262_144;

/**
 * Collects what a program says, and shows it when the program then goes on running: a credential plugin asks its user
 * to sign in, and waits.
 * @param show takes text for the terminal; undefined: nothing is shown
 */
export function collectWords(show: ((text: string) => void) | undefined): Words {
  const decoder = new TextDecoder();
  let all = '';
  let unseen = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    timer = undefined;
    const lines = unseen.split(/(?<=\n)/);
    const shown = lines.filter((line) => !noise.test(line));
    unseen = lines.filter((line) => noise.test(line)).join('');
    if (shown.length > 0) show?.(plainLines(shown.join('')));
  };
  return {
    add: (bytes) => {
      const text = decoder.decode(bytes, { stream: true });
      all = `${all}${text}`.slice(-kept);
      unseen = `${unseen}${text}`.slice(-kept);
      if (show !== undefined) timer ??= setTimeout(flush, showAfterMs);
    },
    end: () => {
      clearTimeout(timer);
      return { all, unseen };
    },
  };
}
