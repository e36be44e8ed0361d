import type { ByteWriter } from './byteWriter.ts';
import { captureError } from './captureError.ts';
import { writeInterface } from './encode.ts';
import { textOption } from './options.ts';
import { interfaceOptions, makeInterface, type CaptureInterface } from './records.ts';

/** What an interface is called in the output; what is absent stays as it was. */
export interface InterfaceLabel {
  readonly name?: string;
  readonly description?: string;
}

/** Says what an interface of a source is called in the output. */
export type Labeller = (captured: CaptureInterface) => InterfaceLabel;

/** How many interfaces a source may yet describe. */
export interface InterfaceBudget {
  left: number;
}

/** The interfaces of an output. */
export interface InterfaceTable {
  /**
   * The number of an interface in the output; describes it there when it is new.
   * @throws CAPTURE_INVALID when a source of limited interfaces has described too many, over all its connections
   */
  idOf(captured: CaptureInterface, label?: Labeller, budget?: InterfaceBudget): number;
}

/**
 * Interfaces of different sources stay apart, except for those that a label makes equal in all that is said of them:
 * the capture files of one pod have one `eth0`.
 */
export function createInterfaceTable(out: ByteWriter): InterfaceTable {
  // Weak: a source of many sections has as many interfaces.
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
    if (budget !== undefined && budget.left === 0) throw captureError('it describes more and more interfaces');
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
  { name, description }: InterfaceLabel,
): CaptureInterface {
  const set = [
    ...(name === undefined ? [] : [textOption(interfaceOptions.name, name)]),
    ...(description === undefined ? [] : [textOption(interfaceOptions.description, description)]),
  ];
  return makeInterface(linkType, snaplen, [
    ...set,
    ...options.filter(({ code }) => set.every((option) => option.code !== code)),
  ]);
}

/** All that is said of it, as text: an octet is a character. */
function identity({ linkType, snaplen, options }: CaptureInterface): string {
  return [
    linkType,
    snaplen,
    ...options.map(({ code, value }) => `${code}:${value.length}:${octets.decode(value)}`),
  ].join(' ');
}

/** windows-1252 of the Encoding Standard: every octet has a character of its own. */
const octets = new TextDecoder('latin1');
