import { plainLines } from '../plainText.ts';

/** Log lines of Kubernetes' client library and warnings of the API server, which are not shown while a program runs. */
const noise = /^(?:[EWIF]\d{4} \d\d:\d\d:\d\d\.\d+ |Warning: )/;

/** How long a program must run on before its output is shown. A program that fails ends within this time. */
const showAfterMs = 250;

/** Collects what a program prints on standard error. */
export interface Words {
  readonly add: (bytes: Buffer) => void;
  /** Must be called once, at the end of the program. @returns all its output, and the part that was not shown yet */
  readonly end: () => { readonly all: string; readonly unseen: string };
}

/** How much of the output is kept, in bytes: the end of it. */
const kept = 262_144;

/**
 * Collects the output of a program, and shows it if the program still runs shortly afterwards: for example a credential
 * plugin that asks its user to sign in, and waits.
 * @param show prints text on the terminal; undefined: nothing is shown
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
