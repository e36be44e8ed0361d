import { objectName, type Condition } from './api/types.ts';

/** An object that may have ended: a pod or a Job. */
export interface Endable {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly status?: { readonly phase?: string; readonly conditions?: readonly Condition[] };
}

/** How a pod or a Job ended; undefined for an object that runs, will run, or never ends. */
export function endOf({ kind, status }: Endable): 'completed' | 'failed' | undefined {
  if (kind === 'Pod')
    return status?.phase === 'Succeeded' ? 'completed' : status?.phase === 'Failed' ? 'failed' : undefined;
  if (kind !== 'Job') return undefined;
  const holds = (type: string): boolean =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
  return holds('Complete') ? 'completed' : holds('Failed') ? 'failed' : undefined;
}

/** One clause: `job/import has completed; its files are gone`. Undefined for an object that has not ended. */
export function endedText(object: Endable): string | undefined {
  const end = endOf(object);
  return end === undefined ? undefined : `${objectName(object)} has ${end}; its files are gone`;
}

/** What to do next time: one sentence. */
export const endedHint =
  'Files are deleted with their pod: let the sidecar upload them while it runs (--upload, see docs/upload.md).';
