import { isCodedError } from '../../errors.ts';
import { clusterFlagsOf } from '../../kubernetes/clusterFlags.ts';
import { makeKubectlStart, type KubectlStart } from '../../kubernetes/kubectl.ts';
import type { Candidate, ClusterList } from './values.ts';

/** A call of kubectl, and how to read what it prints. */
export interface Query {
  readonly args: readonly string[];
  readonly read: (lines: readonly string[]) => Candidate[];
}

/**
 * The calls for a list. Tables are asked for, because the API server then sends the rows and not the objects.
 * @param start what is typed of the name: after `deploy/`, the names of that type
 */
export function queriesOf(list: ClusterList, start: string): Query[] {
  const type = /^([a-z][a-z0-9.-]*)\//i.exec(start)?.[1];
  if (list.of === 'workloads') {
    const types = list.types.join(',');
    return type === undefined ? [table([types], withoutGroup)] : [table([type], (name) => named(type, name))];
  }
  return list.of === 'pods' && type !== undefined ? [] : [fixedQueries[list.of]];
}

function table(args: readonly string[], valueOf: (name: string) => string): Query {
  return { args: ['get', ...args, '--no-headers'], read: rows(valueOf) };
}

const itself = (name: string): string => name;

const fixedQueries: Readonly<Record<Exclude<ClusterList['of'], 'workloads'>, Query>> = {
  contexts: { args: ['config', 'get-contexts', '-o', 'name'], read: names },
  // The first line is a title.
  clusters: { args: ['config', 'get-clusters'], read: (lines) => names(lines.slice(1)) },
  users: { args: ['config', 'get-users'], read: (lines) => names(lines.slice(1)) },
  namespaces: table(['namespaces'], itself),
  pods: table(['pods'], itself),
  'pods of all namespaces': {
    ...table(['pods', '--all-namespaces'], itself),
    read: (lines) =>
      rows(itself)(lines).map(({ value, text }) => {
        const [name = '', ...rest] = text.split(' ');
        return { value: `${value}/${name}`, text: rest.join(' ') };
      }),
  },
};

/** `deploy/web` of the row `web`, and nothing of a list of several types (`all`). */
function named(type: string, name: string): string {
  return name.includes('/') ? '' : `${type}/${name}`;
}

function names(lines: readonly string[]): Candidate[] {
  return lines.map((value) => ({ value, text: '' }));
}

/** Rows of a table: the name is in the first column, and the others say something about the object. */
function rows(valueOf: (name: string) => string): Query['read'] {
  return (lines) =>
    lines.flatMap((line) => {
      const [name = '', ...rest] = line.trim().split(/\s+/);
      const value = name === '' ? '' : valueOf(name);
      return value === '' ? [] : [{ value, text: rest.join(' ') }];
    });
}

/** `deployment/web` of `deployment.apps/web`. */
function withoutGroup(name: string): string {
  const [, type, rest] = /^([^./]+)[^/]*\/(.+)$/.exec(name) ?? [];
  return type === undefined || rest === undefined ? '' : `${type}/${rest}`;
}

/** How long kubectl may take to end after SIGTERM, in milliseconds. */
const killAfterMs = 100;

/** The most bytes of one answer: some 50,000 rows. */
const maxBytes = 4 * 1024 ** 2;

/**
 * Asks kubectl, with the flags that are typed. What cannot be asked within the time is left out, without a word; no
 * process is left.
 * @param values the flags before the word, in camel case
 * @param milliseconds until kubectl is ended
 */
export async function readLists(
  queries: readonly Query[],
  values: Readonly<Record<string, unknown>>,
  milliseconds: number,
): Promise<Candidate[]> {
  if (queries.length === 0 || milliseconds <= 0) return [];
  const { namespace } = values;
  const over = AbortSignal.timeout(Math.floor(milliseconds));
  const kubectl = makeKubectlStart({
    ...clusterFlagsOf(values),
    namespace: typeof namespace === 'string' ? namespace : undefined,
    signal: over,
  });
  const found = Promise.all(queries.map(async (query) => readList(kubectl, query)));
  // A process that has left its group may keep the output open.
  const late = new Promise<Candidate[][]>((resolve) => {
    setTimeout(() => resolve([]), milliseconds + 2 * killAfterMs).unref();
  });
  return (await Promise.race([found, late])).flat();
}

async function readList(kubectl: KubectlStart, { args, read }: Query): Promise<Candidate[]> {
  try {
    // In a session of its own, so that no credential plugin asks on the terminal where the user types.
    const { stdout, ended, kill } = kubectl(args, { detached: true, killAfterMs });
    const chunks: Buffer[] = [];
    let bytes = 0;
    stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) kill();
      else chunks.push(chunk);
    });
    const { error } = await ended;
    // One type may be forbidden, and the others are listed; half of a list would mislead.
    if (error?.code === 'INTERRUPTED' || bytes > maxBytes) return [];
    return read(
      Buffer.concat(chunks)
        .toString()
        .split('\n')
        .filter((line) => line !== ''),
    );
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return [];
  }
}
