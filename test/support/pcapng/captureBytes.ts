// Capture files written byte by byte from the drafts' text, in both byte orders, without the code under test.

/** An option as it is written. */
export interface RawOption {
  readonly code: number;
  /** Text or bytes as they are, or numbers with their width in bytes. */
  readonly value: string | Uint8Array | readonly (readonly [width: 4 | 8, value: bigint])[];
}

type Piece = Uint8Array | readonly [width: 1 | 2 | 4 | 8, value: number | bigint];

export function bytesOf(little: boolean, ...pieces: Piece[]): Uint8Array {
  const bytes = new Uint8Array(
    pieces.reduce((sum, piece) => sum + (piece instanceof Uint8Array ? piece.length : piece[0]), 0),
  );
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) bytes.set(piece, at);
    else setNumber(view, at, piece[0], piece[1], little);
    at += piece instanceof Uint8Array ? piece.length : piece[0];
  }
  return bytes;
}

function setNumber(view: DataView, at: number, width: 1 | 2 | 4 | 8, value: number | bigint, little: boolean): void {
  if (width === 8) view.setBigUint64(at, BigInt(value), little);
  else if (width === 4) view.setUint32(at, Number(value), little);
  else if (width === 2) view.setUint16(at, Number(value), little);
  else view.setUint8(at, Number(value));
}

export function pad(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, new Uint8Array((4 - (bytes.length % 4)) % 4)]);
}

export function optionBytes(little: boolean, options: readonly RawOption[]): Uint8Array {
  if (options.length === 0) return new Uint8Array(0);
  const each = options.map(({ code, value }) => {
    const bytes = optionValueBytes(little, value);
    return bytesOf(little, [2, code], [2, bytes.length], pad(bytes));
  });
  return Buffer.concat([...each, new Uint8Array(4)]);
}

export function optionValueBytes(little: boolean, value: RawOption['value']): Uint8Array {
  if (typeof value === 'string') return new TextEncoder().encode(value);
  return value instanceof Uint8Array ? value : bytesOf(little, ...value);
}

export function block(little: boolean, type: number, ...body: Piece[]): Uint8Array {
  const bytes = pad(bytesOf(little, ...body));
  return bytesOf(little, [4, type], [4, bytes.length + 12], bytes, [4, bytes.length + 12]);
}

export function sectionBlock(little: boolean, options: readonly RawOption[] = []): Uint8Array {
  return block(
    little,
    0x0a0d0d0a,
    [4, 0x1a2b3c4d],
    [2, 1],
    [2, 0],
    [8, 0xffff_ffff_ffff_ffffn],
    optionBytes(little, options),
  );
}

export function interfaceBlock(
  little: boolean,
  linkType: number,
  snaplen: number,
  options: readonly RawOption[] = [],
): Uint8Array {
  return block(little, 1, [2, linkType], [2, 0], [4, snaplen], optionBytes(little, options));
}

export function packetBlock(
  little: boolean,
  id: number,
  ticks: bigint,
  data: Uint8Array,
  originalLength = data.length,
  options: readonly RawOption[] = [],
): Uint8Array {
  return block(
    little,
    6,
    [4, id],
    [4, ticks >> 32n],
    [4, ticks & 0xffff_ffffn],
    [4, data.length],
    [4, originalLength],
    pad(data),
    optionBytes(little, options),
  );
}

export function pcapHeader(little: boolean, magic: number, network = 1, snaplen = 262_144): Uint8Array {
  return bytesOf(little, [4, magic], [2, 2], [2, 4], [4, 0], [4, 0], [4, snaplen], [4, network]);
}

export function pcapPacket(
  little: boolean,
  seconds: number,
  fraction: number,
  data: Uint8Array,
  originalLength = data.length,
): Uint8Array {
  return bytesOf(little, [4, seconds], [4, fraction], [4, data.length], [4, originalLength], data);
}

/** An Ethernet frame with a UDP datagram that holds this text; lengths and checksums are valid. */
export function udpFrame(text: string, port = 40_000): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const address = (last: number): Uint8Array => Uint8Array.of(10, 0, 0, last);
  const udp = bytesOf(false, [2, 30_000], [2, port], [2, payload.length + 8], [2, 0], payload);
  const header = (checksum: number): Uint8Array =>
    bytesOf(false, [2, 0x4500], [2, udp.length + 20], [4, 0], [1, 64], [1, 17], [2, checksum], address(1), address(2));
  const words = header(0);
  let sum = 0;
  for (let at = 0; at < words.length; at += 2) sum += ((words[at] ?? 0) << 8) | (words[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return bytesOf(false, Uint8Array.of(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1), [2, 0x0800], header(~sum & 0xffff), udp);
}
