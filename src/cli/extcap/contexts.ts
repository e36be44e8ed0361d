import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codedError } from '../../errors.ts';
import { interfacesOf, type ExtcapInterface } from '../../extcap/interfaces.ts';
import { contextsOf, kubeconfigPaths } from '../../extcap/kubeconfig.ts';

/**
 * The interfaces of this user: the contexts of kubectl's configuration. The cluster is not asked, and neither is
 * kubectl. A file that cannot be read counts as empty.
 */
export async function readInterfaces(): Promise<ExtcapInterface[]> {
  const paths = kubeconfigPaths(process.env, process.platform, join);
  const texts = await Promise.all(paths.map(async (path) => readFile(path, 'utf8').catch(() => '')));
  const written = texts.filter((text) => text.trim() !== '');
  if (written.length === 0) return [];
  const { parse } = await import('yaml');
  const values = written.map((text): unknown => {
    try {
      return parse(text, { logLevel: 'silent' });
    } catch {
      return undefined;
    }
  });
  return interfacesOf(contextsOf(values));
}

/** @throws NOT_FOUND when the context has gone since Wireshark has read the list */
export async function findInterface(value: string): Promise<ExtcapInterface> {
  const found = (await readInterfaces()).find((one) => one.value === value);
  if (found !== undefined) return found;
  throw codedError('NOT_FOUND', "no context of kubectl's configuration has this interface", {
    where: value,
    hint: 'Let Wireshark read its interfaces again: Capture > Refresh Interfaces.',
  });
}
