/** The words that begin a line of Wireshark's extcap protocol. */
export type SentenceKind = 'extcap' | 'interface' | 'dlt' | 'arg' | 'value' | 'control';

/**
 * One line of Wireshark's extcap protocol: `value {arg=0}{value=shop}{display=shop}`. Its parser ends a value at `}`
 * before `{`, a space or the end of the line, and knows no escape, so such characters are left out; the values by which
 * Wireshark names a thing must be without them. Pure.
 * @param parameters absent ones are left out
 * @see https://gitlab.com/wireshark/wireshark extcap_parser.c, extcap_tokenize_sentence
 */
export function sentence(
  kind: SentenceKind,
  parameters: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const written = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`{${name}=${plainValue(String(value))}}`],
  );
  return `${kind} ${written.join('')}`;
}

/** Regular expressions keep their braces: within them no `}` comes before `{`, a space or the end. */
function plainValue(value: string): string {
  const line = value.replaceAll(/\p{Cc}/gu, ' ');
  return /\}(?=[{\s]|$)/.test(line) ? line.replaceAll(/[{}]/g, '') : line;
}
