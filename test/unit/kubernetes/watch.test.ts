import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KubectlStart } from '../../../src/kubernetes/kubectl.ts';
import { readEvents, startWatch, type WatchEvent } from '../../../src/kubernetes/watch.ts';

const event = (type: string, name: string): string =>
  `${JSON.stringify({ type, object: { kind: 'Pod', apiVersion: 'v1', metadata: { name, namespace: 'ü' } } })}\n`;

async function all(pieces: readonly Uint8Array[]): Promise<string[]> {
  const found: string[] = [];
  const output = (async function* output() {
    yield* pieces;
  })();
  for await (const { type, object } of readEvents(output) as AsyncIterable<WatchEvent>)
    found.push(`${type} ${object.metadata.namespace}/${object.metadata.name}`);
  return found;
}

test('the events of a watch are read from pieces of any size', async () => {
  const bytes = Buffer.from(
    event('ADDED', 'a') + event('MODIFIED', 'b') + event('UNKNOWN', 'x') + event('DELETED', 'c'),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: bytes.length }), { maxLength: 12 }), async (places) => {
      const at = [0, ...places.toSorted((a, b) => a - b), bytes.length];
      const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
      expect(await all(pieces)).toEqual(['ADDED ü/a', 'MODIFIED ü/b', 'DELETED ü/c']);
    }),
  );
});

test('an error ends the watch, and one of them means that the list must be read again', async () => {
  const error = (code: number): Buffer =>
    Buffer.from(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code, message: 'too old' } })}\n`);
  await expect(all([error(410)])).rejects.toMatchObject({ code: 'LIST_EXPIRED' });
  await expect(all([error(500)])).rejects.toMatchObject({ code: 'API_FAILED', message: 'too old' });
});

test('an endless event is not read completely', async () => {
  const endless = (async function* endless() {
    for (;;) yield Buffer.alloc(1024 * 1024, 'x');
  })();
  await expect(readEvents(endless).next()).rejects.toMatchObject({ code: 'ANSWER_TOO_LARGE' });
});

test('a watch begins at the version of the list, and ends by itself', () => {
  const asked: string[][] = [];
  const start: KubectlStart = (args) => {
    asked.push([...args]);
    return { stdout: new PassThrough(), ended: new Promise(() => undefined), kill: () => undefined };
  };
  startWatch(start, { kind: 'pods', namespace: 'shop', fieldSelector: 'status.phase!=Failed' }, '42');
  const url = new URL(asked[0]?.[2] ?? '', 'http://api');
  expect([asked[0]?.slice(0, 2), url.pathname]).toEqual([['get', '--raw'], '/api/v1/namespaces/shop/pods']);
  expect(Object.fromEntries(url.searchParams)).toEqual({
    fieldSelector: 'status.phase!=Failed',
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: '42',
    timeoutSeconds: '240',
  });
});
