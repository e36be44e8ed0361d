/** The dialog's choices and the pipes, as Wireshark calls them; an absent one was not given. */
export interface ExtcapCall {
  readonly does: 'interfaces' | 'linkTypes' | 'config' | 'reload' | 'capture' | 'checkFilter' | 'nothing';
  /** By name, without the dashes. */
  readonly values: Readonly<Record<string, string>>;
}

/** Flags without a value. */
const alone = new Set(['capture', 'extcap-interfaces', 'extcap-dlts', 'extcap-config', 'debug']);

/**
 * Reads the arguments with which Wireshark calls an extcap program. Those that are not known are ignored with their
 * values: later versions of Wireshark may give more. Pure.
 * @see https://www.wireshark.org/docs/man-pages/extcap.html
 */
export function readCall(args: readonly string[]): ExtcapCall {
  const values: Record<string, string> = {};
  const given = new Set<string>();
  for (let at = 0; at < args.length; at += 1) {
    const [, name = '', equals, value = ''] = /^--([a-z][a-z-]*)(=)?([^]*)$/.exec(args[at] ?? '') ?? [];
    if (name === '') continue;
    given.add(name);
    if (equals !== undefined) values[name] = value;
    else if (!alone.has(name)) values[name] = args[(at += 1)] ?? '';
  }
  return { does: taskOf(given), values };
}

function taskOf(given: ReadonlySet<string>): ExtcapCall['does'] {
  if (given.has('extcap-interfaces')) return 'interfaces';
  if (given.has('extcap-dlts')) return 'linkTypes';
  if (given.has('extcap-config')) return given.has('extcap-reload-option') ? 'reload' : 'config';
  if (given.has('capture')) return 'capture';
  return given.has('extcap-capture-filter') ? 'checkFilter' : 'nothing';
}
