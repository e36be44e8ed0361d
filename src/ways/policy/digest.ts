/**
 * Eight hexadecimal digits that differ if the data differ; the order of the keys does not matter. FNV-1a with 32 bits
 * (http://www.isthe.com/chongo/tech/comp/fnv/) over UTF-16 code units. It distinguishes versions, and is not a
 * cryptographic hash.
 */
export function digest(data: Readonly<Record<string, string>>): string {
  const text = JSON.stringify(Object.entries(data).toSorted(([one], [other]) => (one < other ? -1 : 1)));
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
