/** Requests' bodies that cost whoever parses them far more than whoever sends them. */
const mebibyte = 1024 * 1024;

const before =
  '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"flood","kind":{"group":"","version":"v1","kind":"Pod"},"namespace":"shop","operation":"CREATE","object":{"metadata":{"annotations":{"packet-capture/inject":"true"}},"spec":{"containers":[{"name":"web"}],';
const after = '}}}}';

/** Repeats a piece until the whole has so many bytes. */
function filled(open: string, piece: (index: number) => string, close: string, bytes: number): Buffer {
  const pieces: string[] = [];
  let length = before.length + open.length + close.length + after.length;
  for (let index = 0; ; index += 1) {
    const next = (index === 0 ? '' : ',') + piece(index);
    if (length + next.length > bytes) break;
    pieces.push(next);
    length += next.length;
  }
  return Buffer.from(before + open + pieces.join('') + close + after);
}

export const floodBodies = {
  /** Empty objects, three bytes each. */
  objects: (bytes: number) => filled('"tolerations":[', () => '{}', ']', bytes),
  /** Lists in lists, a byte each; as many again at the end. */
  nested: (bytes: number) =>
    Buffer.from(`${before}"deep":${'['.repeat((bytes - 300) / 2)}${']'.repeat((bytes - 300) / 2)}${after}`),
  /** An object with as many keys as there is room for. */
  keys: (bytes: number) => filled('"wide":{', (index) => `"${index.toString(36)}":1`, '}', bytes),
  /** Numbers, two bytes each. */
  numbers: (bytes: number) => filled('"list":[', () => '1', ']', bytes),
  /** Containers, of which each is looked at. */
  containers: (bytes: number) => filled('"initContainers":[', (index) => `{"name":"c${index}"}`, ']', bytes),
  /** One string. */
  text: (bytes: number) => Buffer.from(`${before}"text":"${'x'.repeat(bytes - before.length - 20)}"${after}`),
  /** Many more lists, and their ends are missing. */
  unclosed: (bytes: number) => Buffer.from('['.repeat(bytes)),
} as const satisfies Readonly<Record<string, (bytes: number) => Buffer>>;

export type FloodBody = keyof typeof floodBodies;
export { mebibyte };
