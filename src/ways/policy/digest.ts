/**
 * Eight hexadecimal digits that differ when the data do, whatever the order of the keys: FNV-1a of 32 bits
 * (http://www.isthe.com/chongo/tech/comp/fnv/), here over UTF-16 code units. It tells versions apart and keeps no
 * secret.
 */
export function digest(data: Readonly<Record<string, string>>): string {
  const text = JSON.stringify(Object.entries(data).toSorted(([one], [other]) => (one < other ? -1 : 1)));
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
