/** `28 µs`, `1.2 ms`, `3.4 s`, `2 m 5 s`: two or three digits that count. @param seconds not negative */
export function timeText(seconds: number): string {
  if (seconds >= 60) return minutesText(Math.round(seconds));
  if (seconds >= 1) return `${shortNumber(seconds)} s`;
  if (seconds >= 0.001) return `${shortNumber(seconds * 1000)} ms`;
  return `${shortNumber(seconds * 1e6)} µs`;
}

function minutesText(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} m ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
}

function shortNumber(value: number): string {
  return value < 10 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(0);
}

/** `1 packet`, `2 packets` */
export function countText(count: number, what: string, several = `${what}s`): string {
  return `${count} ${count === 1 ? what : several}`;
}

/**
 * A text in at most so many characters. The end of a name tells more than its middle: `shop/web-7d4…x2x5z:443`.
 * @param width at least 3
 */
export function shortened(text: string, width: number): string {
  const characters = Array.from(text);
  if (characters.length <= width) return text;
  const tail = Math.floor((width - 1) / 2);
  return `${characters.slice(0, width - 1 - tail).join('')}…${characters.slice(-tail).join('')}`;
}
