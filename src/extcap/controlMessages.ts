import { codedError } from '../errors.ts';

/**
 * Commands of the pipes between a toolbar of Wireshark and its extcap program.
 * @see https://gitlab.com/wireshark/wireshark doc/extcap.adoc ("Control protocol"), ui/qt/interface_toolbar.cpp
 */
export const controlCommands = {
  /** From Wireshark: all values that were changed before the capture have been sent. */
  initialized: 0,
  set: 1,
  add: 2,
  /** Of a list: this value, or all without one. */
  remove: 3,
  enable: 4,
  disable: 5,
  /** A text in the status bar, for some seconds. */
  status: 6,
  /** The others are dialogs. */
  information: 7,
  warning: 8,
  error: 9,
} as const;

/** A message of the control pipes. */
export interface ControlMessage {
  /** The number of the control, from 0 to 255; of messages for people, it does not matter. */
  readonly control: number;
  readonly command: number;
  /** UTF-8, without a final zero. */
  readonly payload: string;
}

/** The first byte of each message. */
const sync = 0x54;
/** `T`, three bytes of length, control, command; the length counts from the control on. */
const headLength = 6;
const counted = 2;

/** Wireshark takes payloads of at most so many bytes, and sends no longer ones. */
export const longestPayload = 65_535;

/** The bytes of a message; a payload that is too long is cut. Pure. */
export function encodeControl({ control, command, payload }: ControlMessage): Uint8Array {
  const text = cut(new TextEncoder().encode(payload));
  const length = text.length + counted;
  const bytes = new Uint8Array(headLength + text.length);
  bytes.set([sync, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff, control, command]);
  bytes.set(text, headLength);
  return bytes;
}

/** Cut between two characters. */
function cut(text: Uint8Array): Uint8Array {
  if (text.length <= longestPayload) return text;
  let end = longestPayload;
  while (((text[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return text.subarray(0, end);
}

/** Takes the bytes of a control pipe as they come, and returns the messages that they complete. */
export type ControlReader = (bytes: Uint8Array) => ControlMessage[];

/** A reader of one pipe. @throws USAGE for bytes that are no message: the pipe cannot be read any further */
export function createControlReader(): ControlReader {
  let unread: Uint8Array = new Uint8Array();
  return (bytes) => {
    const all = new Uint8Array(unread.length + bytes.length);
    all.set(unread);
    all.set(bytes, unread.length);
    const messages: ControlMessage[] = [];
    let at = 0;
    while (all.length - at >= headLength) {
      const length = ((all[at + 1] ?? 0) << 16) | ((all[at + 2] ?? 0) << 8) | (all[at + 3] ?? 0);
      if (all[at] !== sync || length < counted || length > longestPayload + counted)
        throw codedError('USAGE', 'the toolbar sends something that is no message of the extcap protocol', {
          where: '--extcap-control-in',
        });
      const end = at + headLength - counted + length;
      if (end > all.length) break;
      const payload = new TextDecoder().decode(all.subarray(at + headLength, end)).replace(/\0+$/, '');
      messages.push({ control: all[at + 4] ?? 0, command: all[at + 5] ?? 0, payload });
      at = end;
    }
    unread = all.slice(at);
    return messages;
  };
}
