import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');

/** The environment variables in a source file that begin with our prefix. */
async function namesIn(folder: string, suffix: RegExp): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && suffix.test(entry.name));
  const texts = await Promise.all(files.map(async ({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')));
  return texts.flatMap((text) => text.match(/\bPACKET_CAPTURE_[A-Z_]*[A-Z]\b/g) ?? []);
}

test("no environment variable of ours can be one that the kubelet sets for a namespace's Services", async () => {
  // Service a-b: A_B_SERVICE_HOST, A_B_SERVICE_PORT, A_B_SERVICE_PORT_NAME, A_B_PORT, A_B_PORT_80_TCP, …
  // (envvars.FromServices)
  const serviceLink = /_SERVICE_(?:HOST|PORT)(?:_|$)|_PORT(?:_|$)/;
  const names = new Set([
    ...(await namesIn('src', /\.ts$/)),
    ...(await namesIn('agent', /\.go$/)),
    ...(await namesIn('images', /(?:\.sh|file|agent|mirror)$/)),
  ]);
  expect([...names].filter((name) => serviceLink.test(name))).toEqual([]);
  expect(names).toContain('PACKET_CAPTURE_METRICS_LISTEN');
  expect(names).toContain('PACKET_CAPTURE_FILTER');
});
