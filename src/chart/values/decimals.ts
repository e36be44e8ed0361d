/**
 * A regular expression for the decimal numbers of at least `least` and, when it is given, at most `most`; zeros in
 * front are allowed when nothing bounds it above. Schemas need it where a number is written as a string.
 */
export function decimalsFrom(least: number, most?: number): string {
  const digits = String(least);
  if (most !== undefined) {
    const width = String(most).length;
    const widths = Array.from({ length: width - digits.length + 1 }, (_, index) => digits.length + index);
    return group(
      widths.flatMap((count) => {
        const low = count === digits.length ? digits : `1${'0'.repeat(count - 1)}`;
        const high = count === width ? String(most) : '9'.repeat(count);
        return between(low, high);
      }),
    );
  }
  return `0*${group([...between(digits, '9'.repeat(digits.length)), `[1-9][0-9]{${digits.length},}`])}`;
}

/** Alternatives for the numbers between two of the same width. */
function between(low: string, high: string): string[] {
  if (low === '') return [''];
  const [first, last] = [Number(low[0]), Number(high[0])];
  const [lowRest, highRest] = [low.slice(1), high.slice(1)];
  if (first === last) return between(lowRest, highRest).map((rest) => `${first}${rest}`);
  const any = lowRest.length === 0 ? '' : `[0-9]{${lowRest.length}}`;
  // A digit whose rest is free on its side joins the digits in the middle.
  const lowWhole = /^0*$/.test(lowRest);
  const highWhole = /^9*$/.test(highRest);
  const [from, to] = [lowWhole ? first : first + 1, highWhole ? last : last - 1];
  return [
    ...(lowWhole ? [] : between(lowRest, '9'.repeat(lowRest.length)).map((rest) => `${first}${rest}`)),
    ...(from <= to ? [`[${from}-${to}]${any}`] : []),
    ...(highWhole ? [] : between('0'.repeat(highRest.length), highRest).map((rest) => `${last}${rest}`)),
  ];
}

function group(alternatives: readonly string[]): string {
  return `(${alternatives.join('|')})`;
}
