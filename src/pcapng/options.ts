import { mostOptions, padded } from './blockTypes.ts';
import { captureError } from './captureError.ts';

/** One option of a block. Numbers in the value are little-endian, also when the file is big-endian. */
export interface CaptureOption {
  readonly code: number;
  readonly value: Uint8Array;
}

/** The widths in bytes of the numbers in an option's value, by code; an option that is not listed is text or bytes. */
export type NumberWidths = Readonly<Record<number, readonly number[]>>;

export const noOptions: readonly CaptureOption[] = [];

const largestValue = 65_535;
const text = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
const utf8 = new TextEncoder();

/** Custom options, which every block may have: a Private Enterprise Number, then data that only its owner can read. */
const customOptions: NumberWidths = { 2988: [4], 2989: [4], 19_372: [4], 19_373: [4] };

/**
 * Reads options from `start` up to an end-of-options, or to the block's end.
 * @param widths the numbers to convert when the file is big-endian
 * @returns the options, and the offset after them
 * @throws CAPTURE_INVALID for an option that ends after the block, and for too many options
 */
export function readOptions(
  body: DataView,
  start: number,
  little: boolean,
  widths: NumberWidths,
): { options: readonly CaptureOption[]; next: number } {
  if (start === body.byteLength) return { options: noOptions, next: start };
  const options: CaptureOption[] = [];
  let at = start;
  while (at + 4 <= body.byteLength) {
    const code = body.getUint16(at, little);
    const length = body.getUint16(at + 2, little);
    at += 4;
    if (code === 0) return { options, next: at };
    if (at + length > body.byteLength) throw captureError(`option ${code} is longer than its block`);
    const value = new Uint8Array(body.buffer, body.byteOffset + at, length);
    if (options.length === mostOptions) throw captureError(`a block has more than ${mostOptions} options`);
    options.push({ code, value: little ? value : littleEndian(value, widths[code] ?? customOptions[code]) });
    at = Math.min(at + padded(length), body.byteLength);
  }
  return { options, next: at };
}

/** The value of the first option with this code. */
export function optionValue(options: readonly CaptureOption[], code: number): Uint8Array | undefined {
  return options.find((option) => option.code === code)?.value;
}

/** The value of an option as UTF-8; undefined without one. */
export function optionText(options: readonly CaptureOption[], code: number): string | undefined {
  const value = optionValue(options, code);
  return value === undefined ? undefined : text.decode(value);
}

/** An option with text, cut to the length that an option can have. */
export function textOption(code: number, value: string): CaptureOption {
  const bytes = new Uint8Array(Math.min(value.length * 3, largestValue));
  return { code, value: bytes.subarray(0, utf8.encodeInto(value, bytes).written) };
}

/** The bytes that options take in a block, with the end-of-options; 0 without options. */
export function optionsLength(options: readonly CaptureOption[]): number {
  if (options.length === 0) return 0;
  return options.reduce((sum, { value }) => sum + 4 + padded(value.length), 4);
}

/** Reverses the bytes of each number at the beginning of a value; a number that is cut off stays as it is. */
function littleEndian(value: Uint8Array, widths: readonly number[] = []): Uint8Array {
  if (widths.length === 0) return value;
  const turned = value.slice();
  let at = 0;
  for (const width of widths) {
    if (at + width > turned.length) break;
    turned.subarray(at, at + width).reverse();
    at += width;
  }
  return turned;
}
