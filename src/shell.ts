/** What no shell of POSIX reads as anything but itself. */
const plain = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** A text as one word of a command line: in single quotes where it holds anything that a shell would read. */
export function shellWord(text: string): string {
  return plain.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * A command line to paste, with each value as one word, whatever it holds: names, keys and values are often other
 * people's. A list gives as many words as it has items.
 * @example shell`kubectl label namespace ${namespace} ${key}=enabled`
 */
export function shell(
  texts: TemplateStringsArray,
  ...values: readonly (string | number | readonly string[])[]
): string {
  const words = values.map((value) =>
    typeof value === 'object' ? value.map(shellWord).join(' ') : shellWord(`${value}`),
  );
  return texts.reduce((line, text, index) => {
    const word = words[index - 1] ?? '';
    // An empty list takes the blank before it along.
    return (word === '' ? line.trimEnd() : `${line}${word}`) + text;
  });
}
