import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './root.ts';

/** The flags of Node and the environment that the injector has in its image. */
export async function injectorRuntime(): Promise<{
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}> {
  const text = await readFile(join(root, 'images', 'injector', 'Dockerfile'), 'utf8');
  const [, entrypoint = '[]'] = /^ENTRYPOINT (\[.*\])$/m.exec(text) ?? [];
  const env = Object.fromEntries(
    [...text.matchAll(/^ENV (\w+)=(\S+)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  return { flags: (JSON.parse(entrypoint) as string[]).filter((word) => word.startsWith('--')), env };
}
