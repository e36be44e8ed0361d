import { isCodedError } from '../../errors.ts';
import { countOf, fieldsOf, itemsOf, parseJson, textOf } from '../../typed.ts';
import type { Helm, HelmCall } from './helm.ts';

/** One revision of a release, as `helm history -o json` gives it. */
export interface Revision {
  readonly revision: number;
  /** `deployed`, `failed`, `superseded`, `pending-install`, `pending-upgrade`, `pending-rollback`, `uninstalling`, … */
  readonly status: string;
  /** NAME-VERSION */
  readonly chart: string;
  readonly description: string;
}

/** Helm's record of a release; the oldest revision first. */
export interface ReleaseHistory {
  readonly revisions: readonly Revision[];
  readonly last: Revision;
  /** The revision that a rollback returns to; absent when no revision ever worked. */
  readonly deployed?: Revision;
}

/** The release's history, or undefined when there is no release of that name. */
export async function readHistory(helm: Helm, release: string, call?: HelmCall): Promise<ReleaseHistory | undefined> {
  const text = await unlessMissing(async () => helm.run(['history', release, '--max=20', '--output=json'], call));
  return text === undefined ? undefined : historyOf(itemsOf(parseJson(text)).flatMap(revisionOf));
}

/** An empty list for a value that is not a revision. */
function revisionOf(value: unknown): Revision[] {
  const { revision, status, chart, description } = fieldsOf(value);
  const number = countOf(revision);
  if (number === undefined || typeof status !== 'string') return [];
  return [{ revision: number, status, chart: textOf(chart) ?? '', description: textOf(description) ?? '' }];
}

/** Pure. */
export function historyOf(revisions: readonly Revision[]): ReleaseHistory | undefined {
  const ordered = revisions.toSorted((a, b) => a.revision - b.revision);
  const last = ordered.at(-1);
  if (last === undefined) return undefined;
  const deployed = ordered.findLast(({ status }) => status === 'deployed');
  return { revisions: ordered, last, ...(deployed === undefined ? {} : { deployed }) };
}

/**
 * True while helm's record says that another helm is running; it stays so after that helm was killed. Helm then refuses
 * everything.
 */
export function isPending({ last }: ReleaseHistory): boolean {
  return last.status.startsWith('pending-') || last.status === 'uninstalling';
}

/** A release as helm prints it for `-o json`, also in a dry run. */
export interface ReleaseJson {
  readonly version: number;
  readonly config: Readonly<Record<string, unknown>> | null;
  readonly manifest: string;
  readonly hooks?: readonly { readonly manifest: string; readonly events: readonly string[] }[] | null;
  readonly chart: {
    readonly metadata: { readonly name: string; readonly version: string; readonly appVersion?: string };
    readonly values: Readonly<Record<string, unknown>> | null;
  };
  readonly info: { readonly status: string; readonly notes?: string };
}

/** The revision that helm starts from: the one that runs; if none ever ran, the last attempt. */
export function currentRevision({ deployed, last }: ReleaseHistory): number {
  return (deployed ?? last).revision;
}

/** The values that were given to a revision. */
export async function readValues(
  helm: Helm,
  release: string,
  revision: number,
): Promise<Readonly<Record<string, unknown>>> {
  const text = await helm.run(['get', 'values', release, `--revision=${revision}`, '--output=json']);
  return fieldsOf(parseJson(text));
}

/** All objects of a revision as YAML, including those of its hooks. */
export async function readManifests(helm: Helm, release: string, revision: number): Promise<string> {
  const read = async (what: string): Promise<string> => helm.run(['get', what, release, `--revision=${revision}`]);
  return `${await read('manifest')}\n---\n${await read('hooks')}`;
}

async function unlessMissing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isCodedError(error) && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** A selector for the pods of a release, including those of its hooks. */
export function releaseSelector(release: string): string {
  return `app.kubernetes.io/instance=${release}`;
}
