/** Of so many hosts: valid, and costly to compile. */
export function dearFilter(hosts: number): string {
  return Array.from(
    { length: hosts },
    (_, index) => `host 10.${Math.floor(index / 250)}.${index % 250}.${(index * 7) % 250}`,
  ).join(' or ');
}
