import type { ByteWriter } from './byteWriter.ts';
import { captureError } from './captureError.ts';
import { writeInterface } from './encode.ts';
import { textOption } from './options.ts';
import { interfaceOptions, makeInterface, type CaptureInterface } from './records.ts';

/** The name and description of an interface in the output; an absent field keeps the source's value. */
export interface InterfaceLabel {
  readonly name?: string;
  readonly description?: string;
  /** Leaves out the source's filter and its limit of bytes, because they change within the output. */
  readonly anyFilter?: boolean;
}

/** Returns the label of a source's interface in the output. */
export type Labeller = (captured: CaptureInterface) => InterfaceLabel;

/** How many more interfaces a source may describe. */
export interface InterfaceBudget {
  left: number;
}

/** The interfaces of one output. */
export interface InterfaceTable {
  /**
   * The number of an interface in the output; a new interface is written there first.
   * @throws CAPTURE_INVALID when a source has described more interfaces than its budget, over all its connections
   */
  idOf(captured: CaptureInterface, label?: Labeller, budget?: InterfaceBudget): number;
}

/**
 * Interfaces of different sources stay separate, unless they are labelled and then equal in link type, snaplen and all
 * options: the capture files of one pod share one `eth0`.
 */
export function createInterfaceTable(out: ByteWriter): InterfaceTable {
  // Weak, because a source with many sections has many interfaces, and most are no longer used.
  const ids = new WeakMap<CaptureInterface, number>();
  const labelled = new Map<string, number>();
  let count = 0;
  const describe = (described: CaptureInterface): number => {
    writeInterface(out, described);
    count += 1;
    return count - 1;
  };
  const describeOnce = (described: CaptureInterface, budget: InterfaceBudget | undefined): number => {
    const key = identity(described);
    const known = labelled.get(key);
    if (known !== undefined) return known;
    if (budget !== undefined && budget.left === 0)
      throw captureError('its connections together describe too many interfaces');
    if (budget !== undefined) budget.left -= 1;
    const id = describe(described);
    labelled.set(key, id);
    return id;
  };
  return {
    idOf(captured, label, budget) {
      const known = ids.get(captured);
      if (known !== undefined) return known;
      const id = label === undefined ? describe(captured) : describeOnce(withLabel(captured, label(captured)), budget);
      ids.set(captured, id);
      return id;
    },
  };
}

function withLabel(
  { linkType, snaplen, options }: CaptureInterface,
  { name, description, anyFilter = false }: InterfaceLabel,
): CaptureInterface {
  const set = [
    ...(name === undefined ? [] : [textOption(interfaceOptions.name, name)]),
    ...(description === undefined ? [] : [textOption(interfaceOptions.description, description)]),
  ];
  const isLeftOut = (code: number): boolean =>
    set.some((option) => option.code === code) || (anyFilter && code === interfaceOptions.filter);
  return makeInterface(linkType, anyFilter ? 0 : snaplen, [...set, ...options.filter(({ code }) => !isLeftOut(code))]);
}

/** Link type, snaplen and options as text, one character an octet: equal interfaces have equal text. */
function identity({ linkType, snaplen, options }: CaptureInterface): string {
  return [
    linkType,
    snaplen,
    ...options.map(({ code, value }) => `${code}:${value.length}:${octets.decode(value)}`),
  ].join(' ');
}

/** `latin1` is windows-1252 in the Encoding Standard: it decodes each octet to a different character. */
const octets = new TextDecoder('latin1');
