/**
 * A regular expression for the decimal numbers from `least` to `most`, for schemas of numbers that are written as
 * strings.
 * Without `most` there is no upper limit, and leading zeros are allowed.
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

/** The alternatives for the numbers between two numbers with the same count of digits. */
function between(low: string, high: string): string[] {
  if (low === '') return [''];
  const [first, last] = [Number(low[0]), Number(high[0])];
  const [lowRest, highRest] = [low.slice(1), high.slice(1)];
  if (first === last) return between(lowRest, highRest).map((rest) => `${first}${rest}`);
  const any = lowRest.length === 0 ? '' : `[0-9]{${lowRest.length}}`;
  // If all digits after a bound's first digit are free, that digit joins the range in the middle.
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
