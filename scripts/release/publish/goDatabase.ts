import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What of an entry its index needs. @see https://ossf.github.io/osv-schema/ */
interface Entry {
  readonly id: string;
  readonly modified: string;
  readonly aliases?: readonly string[];
  readonly affected?: ReadonlyArray<{
    readonly package: { readonly name: string };
    readonly ranges?: ReadonlyArray<{ readonly events?: ReadonlyArray<{ readonly fixed?: string }> }>;
  }>;
}

/**
 * Writes Go's database of vulnerabilities as govulncheck reads it, from the module that has its entries.
 * @param module folder of golang.org/x/vulndb
 * @param folder which is made
 * @see https://go.dev/security/vuln/database#api
 */
export async function writeGoDatabase(module: string, folder: string): Promise<void> {
  const entriesFolder = join(module, 'data', 'osv');
  const names = (await readdir(entriesFolder)).filter((name) => name.endsWith('.json')).toSorted();
  const entries: Entry[] = [];
  for (const name of names) entries.push(JSON.parse(await readFile(join(entriesFolder, name), 'utf8')) as Entry);
  await mkdir(join(folder, 'index'), { recursive: true });
  await symlink(entriesFolder, join(folder, 'ID'));
  for (const [name, content] of Object.entries(indexOf(entries)))
    await writeFile(join(folder, 'index', `${name}.json`), JSON.stringify(content));
}

/** The three files of the index. Pure. */
export function indexOf(entries: readonly Entry[]): {
  readonly db: object;
  readonly modules: object;
  readonly vulns: object;
} {
  const modules = new Map<string, object[]>();
  for (const { id, modified, affected = [] } of entries)
    for (const { package: module, ranges = [] } of affected) {
      const fixed = ranges.flatMap(({ events = [] }) => events.flatMap((event) => event.fixed ?? [])).at(-1);
      const vulns = modules.get(module.name) ?? [];
      modules.set(module.name, [...vulns, { id, modified, ...(fixed === undefined ? {} : { fixed }) }]);
    }
  return {
    db: {
      modified: entries
        .map(({ modified }) => modified)
        .toSorted()
        .at(-1),
    },
    modules: [...modules].map(([path, vulns]) => ({ path, vulns })),
    vulns: entries.map(({ id, modified, aliases }) => ({ id, modified, aliases })),
  };
}
